/// What can be seen of a connection string without libpq (PostgreSQL's manual, "Connection Strings").
enum ConnectionString {
  private static let secrets: Set<String> = ["password", "sslpassword"]

  /// Whether it holds a password. In doubt, where libpq may not even take it: yes.
  static func holdsSecret(_ text: String) -> Bool {
    for scheme in ["postgresql://", "postgres://"] where text.hasPrefix(scheme) {
      return holdsSecret(url: text.dropFirst(scheme.count))
    }
    return holdsSecret(pairs: Array(text.unicodeScalars))
  }

  /// `user:password@host/name?password=...`
  private static func holdsSecret(url: Substring) -> Bool {
    let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    if let first = parts.first, let end = first.lastIndex(of: "@"), let colon = first[..<end].firstIndex(of: ":"),
      first.index(after: colon) < end
    {
      return true
    }
    guard parts.count == 2 else { return false }
    return parts[1].split(separator: "&").contains { pair in
      let key = pair.prefix { $0 != "=" }
      return secrets.contains(decoded(key)) && !pair.dropFirst(key.count + 1).isEmpty
    }
  }

  /// `key = value key='value with \' and blanks'`
  private static func holdsSecret(pairs text: [Unicode.Scalar]) -> Bool {
    func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
    var position = 0
    while position < text.count {
      var key = ""
      while position < text.count, text[position] != "=" {
        if !isBlank(text[position]) { key.unicodeScalars.append(text[position]) }
        position += 1
      }
      position += 1
      while position < text.count, isBlank(text[position]) { position += 1 }
      let isQuoted = position < text.count && text[position] == "'"
      if isQuoted { position += 1 }
      var length = 0
      while position < text.count, isQuoted ? text[position] != "'" : !isBlank(text[position]) {
        if text[position] == "\\" { position += 1 }
        length += 1
        position += 1
      }
      if isQuoted { position += 1 }
      if secrets.contains(key), length > 0 { return true }
    }
    return false
  }

  /// With `%6F` and the like as what they stand for.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
