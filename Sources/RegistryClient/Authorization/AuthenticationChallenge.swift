/// How a server wants to be authenticated to (RFC 9110, section 11.6.1).
struct AuthenticationChallenge: Hashable, Sendable {
  /// In lower case.
  var scheme: String
  /// By name, in lower case.
  var parameters: [String: String]

  /// Reads the values of all `WWW-Authenticate` fields of an answer: each a list of challenges, which are a scheme and a
  /// list of parameters, all separated by commas. What makes no sense is skipped.
  static func parse(_ values: [String]) -> [AuthenticationChallenge] {
    values.flatMap { value -> [AuthenticationChallenge] in
      var reader = Reader(rest: Array(value.utf8)[...])
      return reader.challenges()
    }
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func challenges() -> [AuthenticationChallenge] {
      var found: [AuthenticationChallenge] = []
      while true {
        skip { $0 == UInt8(ascii: ",") || Self.isSpace($0) }
        guard !rest.isEmpty else { return found }
        let word = token()
        guard !word.isEmpty else {
          rest = rest.dropFirst()
          continue
        }
        skip(Self.isSpace)
        guard rest.first == UInt8(ascii: "=") else {
          found.append(AuthenticationChallenge(scheme: word.lowercased(), parameters: [:]))
          continue
        }
        rest = rest.dropFirst()
        skip(Self.isSpace)
        let value = rest.first == UInt8(ascii: "\"") ? quoted() : token()
        // The first of a name counts, as for any header that must stand once.
        if !found.isEmpty, found[found.count - 1].parameters[word.lowercased()] == nil {
          found[found.count - 1].parameters[word.lowercased()] = value
        }
      }
    }

    private mutating func token() -> String {
      let word = rest.prefix { !Self.isSpace($0) && !Array(",=\"".utf8).contains($0) }
      rest = rest.dropFirst(word.count)
      return String(decoding: word, as: UTF8.self)
    }

    private mutating func quoted() -> String {
      rest = rest.dropFirst()
      var bytes: [UInt8] = []
      while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
        if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
          bytes.append(escaped)
        } else {
          bytes.append(byte)
        }
      }
      return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
      rest = rest.drop(while: isSkipped)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  }
}
