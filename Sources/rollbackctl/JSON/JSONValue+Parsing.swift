extension JSONValue {
  /// Reads one document; nil for anything that RFC 8259 does not allow, and for more than 64 levels of nesting.
  init?(parsing text: String) {
    var parser = Parser(rest: Array(text.utf8)[...])
    guard let value = parser.value(depth: 0) else { return nil }
    parser.skipSpace()
    guard parser.rest.isEmpty else { return nil }
    self = value
  }

  private struct Parser {
    var rest: ArraySlice<UInt8>

    mutating func value(depth: Int) -> JSONValue? {
      skipSpace()
      guard depth <= 64, let first = rest.first else { return nil }
      switch first {
      case UInt8(ascii: "{"): return object(depth: depth)
      case UInt8(ascii: "["): return array(depth: depth)
      case UInt8(ascii: "\""): return string().map(JSONValue.string)
      case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
      case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
      case UInt8(ascii: "n"): return take("null") ? .null : nil
      default: return number()
      }
    }

    mutating func skipSpace() {
      rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    }

    private mutating func take(_ word: StaticString) -> Bool {
      let bytes = word.withUTF8Buffer { Array($0) }
      guard rest.starts(with: bytes) else { return false }
      rest = rest.dropFirst(bytes.count)
      return true
    }

    private mutating func object(depth: Int) -> JSONValue? {
      rest.removeFirst()
      var members: [Member] = []
      skipSpace()
      if take("}") { return .object(members) }
      repeat {
        skipSpace()
        guard rest.first == UInt8(ascii: "\""), let name = string() else { return nil }
        skipSpace()
        guard take(":"), let value = value(depth: depth + 1) else { return nil }
        members.append(Member(name: name, value: value))
        skipSpace()
      } while take(",")
      return take("}") ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> JSONValue? {
      rest.removeFirst()
      var elements: [JSONValue] = []
      skipSpace()
      if take("]") { return .array(elements) }
      repeat {
        guard let value = value(depth: depth + 1) else { return nil }
        elements.append(value)
        skipSpace()
      } while take(",")
      return take("]") ? .array(elements) : nil
    }

    private mutating func number() -> JSONValue? {
      var digits: [UInt8] = []
      func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
      if rest.first == UInt8(ascii: "-") { digits.append(rest.removeFirst()) }
      guard isDigit(rest.first) else { return nil }
      let isZero = rest.first == 0x30
      while isDigit(rest.first) {
        digits.append(rest.removeFirst())
        if isZero { break }
      }
      if rest.first == UInt8(ascii: ".") {
        digits.append(rest.removeFirst())
        guard isDigit(rest.first) else { return nil }
        while isDigit(rest.first) { digits.append(rest.removeFirst()) }
      }
      if let exponent = rest.first, exponent | 0x20 == UInt8(ascii: "e") {
        digits.append(rest.removeFirst())
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
          digits.append(rest.removeFirst())
        }
        guard isDigit(rest.first) else { return nil }
        while isDigit(rest.first) { digits.append(rest.removeFirst()) }
      }
      return .number(String(decoding: digits, as: UTF8.self))
    }

    private mutating func string() -> String? {
      rest.removeFirst()
      var bytes: [UInt8] = []
      while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard let scalar = escaped() else { return nil }
          bytes += Array(String(scalar).utf8)
        case 0..<0x20: return nil
        default: bytes.append(byte)
        }
      }
      return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
      switch rest.popFirst() {
      case UInt8(ascii: "\""): return "\""
      case UInt8(ascii: "\\"): return "\\"
      case UInt8(ascii: "/"): return "/"
      case UInt8(ascii: "b"): return "\u{8}"
      case UInt8(ascii: "f"): return "\u{C}"
      case UInt8(ascii: "n"): return "\n"
      case UInt8(ascii: "r"): return "\r"
      case UInt8(ascii: "t"): return "\t"
      case UInt8(ascii: "u"):
        guard let unit = hexadecimal() else { return nil }
        guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
        guard take("\\u"), let low = hexadecimal(), (0xDC00..<0xE000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
      default: return nil
      }
    }

    private mutating func hexadecimal() -> UInt32? {
      guard rest.count >= 4 else { return nil }
      let digits = String(decoding: rest.prefix(4), as: UTF8.self)
      rest = rest.dropFirst(4)
      return digits.allSatisfy(\.isHexDigit) ? UInt32(digits, radix: 16) : nil
    }
  }
}
