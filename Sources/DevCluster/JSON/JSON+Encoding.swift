extension JSON {
  /// The compact text, members in the order in which an API server writes them where that matters to a reader.
  var encoded: [UInt8] {
    var output: [UInt8] = []
    encode(into: &output)
    return output
  }

  /// The compact text as a string.
  var text: String { String(decoding: encoded, as: UTF8.self) }

  func encode(into output: inout [UInt8]) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): output.append(contentsOf: String(value).utf8)
    case .double(let value): output.append(contentsOf: "\(value)".utf8)
    case .string(let text): Self.encode(text, into: &output)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        element.encode(into: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      var isFirst = true
      for key in members.keys.sorted(by: Self.precedes) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        Self.encode(key, into: &output)
        output.append(UInt8(ascii: ":"))
        (members[key] ?? .null).encode(into: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  /// Members that lead an object; all others follow by name.
  private static let leading = [
    "type": 0, "kind": 1, "apiVersion": 2, "metadata": 3, "name": 4, "generateName": 5, "namespace": 6, "uid": 7,
    "spec": 8,
  ]

  private static func precedes(_ one: String, _ other: String) -> Bool {
    switch (leading[one], leading[other]) {
    case (let a?, let b?): a < b
    case (_?, nil): true
    case (nil, _?): false
    case (nil, nil): one < other
    }
  }

  private static func encode(_ text: String, into output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): output.append(contentsOf: #"\""#.utf8)
      case UInt8(ascii: "\\"): output.append(contentsOf: #"\\"#.utf8)
      case 0x0A: output.append(contentsOf: #"\n"#.utf8)
      case 0x0D: output.append(contentsOf: #"\r"#.utf8)
      case 0x09: output.append(contentsOf: #"\t"#.utf8)
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        output.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  /// The value as Go's `fmt` prints a decoded JSON document, which API servers quote in messages.
  var goDescription: String {
    switch self {
    case .null: "<nil>"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let text): text
    case .array(let elements): "[" + elements.map(\.goDescription).joined(separator: " ") + "]"
    case .object(let members):
      "map[" + members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.goDescription)" }.joined(separator: " ")
        + "]"
    }
  }
}
