/// Reads the lines of an environment file: `NAME=value`, `#` comments, optional quotes around the value
/// (the plain part of what systemd.exec(5) says of `EnvironmentFile=`).
package enum EnvironmentFile {
  /// - Throws: ``ConfigurationError`` naming the file and the line.
  package static func parse(_ text: String, path: String) throws(ConfigurationError) -> [(name: String, value: String)]
  {
    var result: [(name: String, value: String)] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let trimmed = trim(line)
      if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
      guard let equals = trimmed.firstIndex(of: "=") else {
        throw ConfigurationError("\(path), line \(index + 1): expected NAME=value")
      }
      let name = trimmed[..<equals]
      guard let first = name.first, first.isLetter || first == "_",
        name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
      else { throw ConfigurationError("\(path), line \(index + 1): \"\(name)\" is no name of a variable") }
      var value = trim(trimmed[trimmed.index(after: equals)...])
      for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
        value = value.dropFirst().dropLast()
        break
      }
      result.append((String(name), String(value)))
    }
    return result
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text
    while let last = text.last, last.isWhitespace { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    return text
  }
}
