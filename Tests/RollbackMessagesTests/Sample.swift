import ProtobufC
import RollbackMessages
import Testing

/// A message with every field set to a value of its own, so that no two fields can be mistaken for each other, and its
/// bytes as `protoc --encode` makes them.
///
/// A text is its field's name with dashes; a number is 100 (of 64 bits: 70,000,000,000) and the field's number; a time
/// has the field's number in its last digits; an enum has its last value; a list has a second, empty element.
struct Sample: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// What protoc makes of it.
  let bytes: [UInt8]
  /// What we make of it.
  let encoded: @Sendable () throws(ProtobufError) -> [UInt8]
  /// Whether bytes decode to the value.
  let isDecoded: @Sendable ([UInt8]) throws(ProtobufError) -> Bool
  /// Decodes bytes and encodes them again.
  let recoded: @Sendable ([UInt8]) throws(ProtobufError) -> [UInt8]

  init<Message: ProtobufMessage & Hashable & Sendable>(_ name: String, _ value: Message, _ hex: String) {
    testDescription = name
    bytes = [UInt8](hex: hex)
    encoded = { () throws(ProtobufError) in try ProtobufCodec().encode(value) }
    isDecoded = { (bytes) throws(ProtobufError) in try ProtobufCodec().decode(Message.self, from: bytes) == value }
    recoded = { (bytes) throws(ProtobufError) in
      try ProtobufCodec().encode(ProtobufCodec().decode(Message.self, from: bytes))
    }
  }

  static let all = deploys + rollouts + audit + health + apps
}

extension [UInt8] {
  /// The bytes of hexadecimal digits; anything else in between is skipped.
  init(hex: String) {
    let digits = hex.compactMap(\.hexDigitValue)
    self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
