/// Why a text is no JSON, in the words of Go's `encoding/json`, which API servers pass on.
struct JSONParsingError: Error {
  let message: String
}

extension JSON {
  /// Parses one JSON text. Throws `JSONParsingError` for anything else, trailing text included.
  static func parse(_ bytes: some Collection<UInt8>) throws(JSONParsingError) -> JSON {
    var parser = JSONParser(bytes: Array(bytes))
    return try parser.document()
  }

  /// Parses one JSON text.
  static func parse(text: String) throws(JSONParsingError) -> JSON { try parse(Array(text.utf8)) }
}

/// A recursive-descent parser with a bound on depth.
private struct JSONParser {
  let bytes: [UInt8]
  var position = 0
  var depth = 0

  mutating func document() throws(JSONParsingError) -> JSON {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw unexpected("after top-level value") }
    return value
  }

  private mutating func value() throws(JSONParsingError) -> JSON {
    skipSpace()
    guard let byte = peek() else { throw endOfInput }
    switch byte {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw unexpected("looking for beginning of value")
    }
  }

  private mutating func object() throws(JSONParsingError) -> JSON {
    try descend()
    var members: [String: JSON] = [:]
    skipSpace()
    if peek() == UInt8(ascii: "}") {
      position += 1
      depth -= 1
      return .object(members)
    }
    while true {
      skipSpace()
      guard let byte = peek() else { throw endOfInput }
      guard byte == UInt8(ascii: "\"") else { throw unexpected("looking for beginning of object key string") }
      let key = try string()
      skipSpace()
      guard let colon = peek() else { throw endOfInput }
      guard colon == UInt8(ascii: ":") else { throw unexpected("after object key") }
      position += 1
      members[key] = try value()
      skipSpace()
      guard let next = peek() else { throw endOfInput }
      position += 1
      if next == UInt8(ascii: "}") { break }
      guard next == UInt8(ascii: ",") else {
        position -= 1
        throw unexpected("after object key:value pair")
      }
    }
    depth -= 1
    return .object(members)
  }

  private mutating func array() throws(JSONParsingError) -> JSON {
    try descend()
    var elements: [JSON] = []
    skipSpace()
    if peek() == UInt8(ascii: "]") {
      position += 1
      depth -= 1
      return .array(elements)
    }
    while true {
      elements.append(try value())
      skipSpace()
      guard let next = peek() else { throw endOfInput }
      position += 1
      if next == UInt8(ascii: "]") { break }
      guard next == UInt8(ascii: ",") else {
        position -= 1
        throw unexpected("after array element")
      }
    }
    depth -= 1
    return .array(elements)
  }

  private mutating func descend() throws(JSONParsingError) {
    position += 1
    depth += 1
    guard depth <= 200 else { throw JSONParsingError(message: "exceeded max depth") }
  }

  private mutating func string() throws(JSONParsingError) -> String {
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\"),
      bytes[position] >= 0x20
    {
      position += 1
    }
    guard position < bytes.count else { throw endOfInput }
    if bytes[position] == UInt8(ascii: "\"") {
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      position += 1
      return text
    }
    var text = Array(bytes[start..<position])
    while true {
      guard let byte = peek() else { throw endOfInput }
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20:
        position -= 1
        throw unexpected("in string literal")
      default: text.append(byte)
      }
    }
  }

  private mutating func escape() throws(JSONParsingError) -> Character {
    guard let byte = peek() else { throw endOfInput }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      if (0xD800..<0xDC00).contains(first), peek() == UInt8(ascii: "\\"), position + 1 < bytes.count,
        bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second) else { return "\u{FFFD}" }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)).map(Character.init) ?? "\u{FFFD}"
      }
      return Unicode.Scalar(first).map(Character.init) ?? "\u{FFFD}"
    default:
      position -= 1
      throw unexpected("in string escape code")
    }
  }

  private mutating func hexadecimal() throws(JSONParsingError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw endOfInput }
    guard let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16) else {
      throw unexpected("in \\u hexadecimal character escape")
    }
    position += 4
    return value
  }

  private mutating func number() throws(JSONParsingError) -> JSON {
    let start = position
    while let byte = peek(), "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let whole = Int64(text) { return .int(whole) }
    guard let value = Double(text) else {
      position = start
      throw unexpected("in numeric literal")
    }
    return .double(value)
  }

  private mutating func literal(_ text: String, _ value: JSON) throws(JSONParsingError) -> JSON {
    for expected in text.utf8 {
      guard let byte = peek() else { throw endOfInput }
      guard byte == expected else { throw unexpected("in literal \(text)") }
      position += 1
    }
    return value
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private var endOfInput: JSONParsingError { JSONParsingError(message: "unexpected end of JSON input") }

  private func unexpected(_ place: String) -> JSONParsingError {
    guard let byte = peek() else { return endOfInput }
    return JSONParsingError(message: "invalid character '\(Character(Unicode.Scalar(byte)))' \(place)")
  }
}
