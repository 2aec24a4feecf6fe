extension String {
  /// This text on one line and not longer than `limit` characters, nor than four bytes for each of them: control
  /// characters and runs of white space become one space, and what is cut is marked. Texts of the cluster go into
  /// logs and terminals only through here.
  func oneLine(limit: Int = 300) -> String {
    var line = ""
    var count = 0
    var pendingSpace = false
    for character in self {
      let isControl = character.unicodeScalars.contains { $0.properties.generalCategory == .control }
      if character.isWhitespace || isControl {
        pendingSpace = !line.isEmpty
        continue
      }
      let needed = pendingSpace ? 2 : 1
      let bytes = line.utf8.count + character.utf8.count
      guard count + needed <= limit, bytes < 4 * limit else { return line + "…" }
      if pendingSpace { line.append(" ") }
      line.append(character)
      count += needed
      pendingSpace = false
    }
    return line
  }
}

extension Duration {
  /// Whole seconds for people: `4 s`, `3 min`, `2 h`.
  package var inWords: String {
    let seconds = components.seconds
    return switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    default: "\(seconds / 3600) h"
    }
  }
}
