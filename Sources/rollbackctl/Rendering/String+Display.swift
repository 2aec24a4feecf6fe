/// Text of others as a terminal may show it: harmless, and as wide as it looks.
extension String {
  /// On one line, with control characters and marks that change the direction of writing spelled out (`\n`, `\u{1B}`),
  /// so that nothing in it can move the cursor, recolour or reorder what is around it.
  var displayed: String {
    guard unicodeScalars.contains(where: \.isUnsafeToDisplay) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      case let scalar where scalar.isUnsafeToDisplay: text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// How many columns it takes.
  var displayWidth: Int {
    if utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return utf8.count }
    return reduce(0) { $0 + $1.displayWidth }
  }

  /// At most `width` columns of it, with `…` in place of what was cut.
  func cut(to width: Int, keepingEnd: Bool = false) -> String {
    guard displayWidth > width else { return self }
    guard width > 1 else { return width == 1 ? "…" : "" }
    var kept: [Character] = []
    var room = width - 1
    for character in keepingEnd ? Array(reversed()) : Array(self) {
      room -= character.displayWidth
      guard room >= 0 else { break }
      kept.append(character)
    }
    return keepingEnd ? "…" + String(kept.reversed()) : String(kept) + "…"
  }

  /// Spaces behind it up to `width` columns.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - displayWidth))
  }

  /// Lines of at most `width` columns, broken between words where that can be.
  func wrapped(to width: Int) -> [String] {
    guard displayWidth > width, width > 0 else { return [self] }
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ", omittingEmptySubsequences: false).map(String.init) {
      var word = word
      if !line.isEmpty, line.displayWidth + 1 + word.displayWidth > width {
        lines.append(line)
        line = ""
      }
      while word.displayWidth > width {
        let head = word.head(of: width)
        lines.append(head)
        word.removeFirst(head.count)
      }
      line += line.isEmpty ? word : " " + word
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }

  /// The characters that fit into `width` columns; one at least.
  private func head(of width: Int) -> String {
    var room = width
    let head = prefix { character in
      room -= character.displayWidth
      return room >= 0
    }
    return head.isEmpty ? String(prefix(1)) : String(head)
  }
}

extension Character {
  /// 0 for marks on the character before, 2 for what East Asian fonts and emoji take, else 1.
  fileprivate var displayWidth: Int {
    var width = 0
    for scalar in unicodeScalars {
      // U+FE0F asks for the emoji's picture.
      if scalar.value == 0xFE0F { return 2 }
      width = max(width, scalar.displayWidth)
    }
    return width
  }
}

extension Unicode.Scalar {
  /// Wide and fullwidth ranges of Unicode Standard Annex 11, in the large.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]

  fileprivate var displayWidth: Int {
    if value < 0x300 { return value == 0xAD ? 0 : 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// C0 and C1 controls, line and paragraph separators, and the directional marks of Unicode Standard Annex 9.
  fileprivate var isUnsafeToDisplay: Bool {
    switch value {
    case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }
}
