internal import FoundationEssentials

/// Encodes and decodes the JSON columns.
enum JSONText {
  /// With sorted keys, so that equal values have equal text.
  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }
}

/// A warning as the `warnings` column has it.
struct StoredWarning: Codable {
  var code: String
  var message: String
  var details: [String]?
}
