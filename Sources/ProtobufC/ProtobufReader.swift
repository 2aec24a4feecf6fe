public import CProtobufC

/// Copies the fields of an unpacked C message into Swift values.
///
/// Exists only while the message does; see ``ProtobufMessage/init(reading:with:)``.
public struct ProtobufReader {
  /// A `string` field. Absent is empty, as in proto3.
  public func string(_ field: UnsafeMutablePointer<CChar>?) -> String {
    // NUL-terminated, never NULL after unpack; proven by the scan to be UTF-8 without inner NULs.
    field.map { String(cString: $0) } ?? ""
  }

  /// A `repeated string` field.
  public func strings(_ field: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, count: Int) -> [String] {
    UnsafeBufferPointer(start: field, count: field == nil ? 0 : count).map(string)
  }

  /// A `bytes` field.
  public func bytes(_ field: ProtobufCBinaryData) -> [UInt8] {
    Array(UnsafeBufferPointer(start: field.data, count: field.data == nil ? 0 : field.len))
  }

  /// A `repeated bytes` field.
  public func byteArrays(_ field: UnsafeMutablePointer<ProtobufCBinaryData>?, count: Int) -> [[UInt8]] {
    UnsafeBufferPointer(start: field, count: field == nil ? 0 : count).map(bytes)
  }

  /// A `bool` field. C has it as an int that may hold anything.
  public func bool(_ field: protobuf_c_boolean) -> Bool { field != 0 }

  /// A repeated field of numbers.
  public func values<Number: BitwiseCopyable>(_ field: UnsafeMutablePointer<Number>?, count: Int) -> [Number] {
    Array(UnsafeBufferPointer(start: field, count: field == nil ? 0 : count))
  }

  /// A field of another message: nil where it is absent.
  public func message<Message: ProtobufMessage>(
    _ field: UnsafeMutablePointer<Message.CMessage>?, as type: Message.Type = Message.self
  ) throws(ProtobufError) -> Message? {
    guard let field else { return nil }
    return try Message(reading: field.pointee, with: self)
  }

  /// A field of another message that has to be there.
  ///
  /// - Parameter name: the field's full name, for the error.
  /// - Throws: ``ProtobufError/Code/invalidValue`` where it is absent.
  public func required<Message: ProtobufMessage>(
    _ field: UnsafeMutablePointer<Message.CMessage>?, _ name: String, as type: Message.Type = Message.self
  ) throws(ProtobufError) -> Message {
    guard let field else { throw ProtobufError(.invalidValue, field: name, "is missing") }
    return try Message(reading: field.pointee, with: self)
  }

  /// A repeated field of another message.
  public func messages<Message: ProtobufMessage>(
    _ field: UnsafeMutablePointer<UnsafeMutablePointer<Message.CMessage>?>?, count: Int,
    as type: Message.Type = Message.self
  ) throws(ProtobufError) -> [Message] {
    guard let field else { return [] }
    var messages: [Message] = []
    messages.reserveCapacity(count)
    for index in 0..<count {
      if let element = field[index] { messages.append(try Message(reading: element.pointee, with: self)) }
    }
    return messages
  }

  /// A `map` field; `entry` reads key and value of one of the generated entry structs.
  ///
  /// protobuf-c keeps repeated keys; the last one wins here, as the specification has it.
  public func map<Entry, Key: Hashable, Value>(
    _ field: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, count: Int, _ entry: (Entry) -> (Key, Value)
  ) -> [Key: Value] {
    guard let field else { return [:] }
    var values: [Key: Value] = [:]
    values.reserveCapacity(count)
    for index in 0..<count {
      guard let element = field[index] else { continue }
      let (key, value) = entry(element.pointee)
      values[key] = value
    }
    return values
  }
}
