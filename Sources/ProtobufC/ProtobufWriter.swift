public import CProtobufC
internal import Glibc

/// Turns Swift values into the fields of a C message that is about to be packed.
///
/// Everything it returns is memory of one arena and lives until the message has been packed; see
/// ``ProtobufMessage/write(into:with:)``. A value that cannot be written faithfully makes the packing fail.
public struct ProtobufWriter {
  let arena: ProtobufArena

  /// A `string` field. A string that holds U+0000 fails the message, for C would cut it short there.
  public func string(_ value: String) -> UnsafeMutablePointer<CChar>? {
    guard !value.isEmpty else { return nil }  // NULL packs as the empty string, that is, not at all
    if let copied = value.utf8.withContiguousStorageIfAvailable(copy) { return copied }
    var contiguous = value
    return contiguous.withUTF8(copy)
  }

  /// A `string` field whose UTF-8 is at hand, for example in a result row.
  ///
  /// The caller vouches that it is valid UTF-8; U+0000 fails the message.
  public func string(utf8: UnsafeBufferPointer<UInt8>) -> UnsafeMutablePointer<CChar>? {
    utf8.isEmpty ? nil : copy(utf8)
  }

  /// A `repeated string` field and its count.
  public func strings(
    _ values: [String]
  ) -> (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, Int) {
    // protobuf-c takes the length of each element by strlen, so an empty one must be "" and not NULL.
    array(values) { string($0) ?? copy(UnsafeBufferPointer(start: nil, count: 0)) }
  }

  /// A `bytes` field.
  public func bytes(_ value: [UInt8]) -> ProtobufCBinaryData {
    guard !value.isEmpty, let copy = allocate(UInt8.self, count: value.count) else {
      return ProtobufCBinaryData(len: 0, data: nil)
    }
    value.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { copy.initialize(from: start, count: source.count) }
    }
    return ProtobufCBinaryData(len: value.count, data: copy)
  }

  /// A `repeated bytes` field and its count.
  public func byteArrays(_ values: [[UInt8]]) -> (UnsafeMutablePointer<ProtobufCBinaryData>?, Int) {
    array(values, bytes)
  }

  /// A `bool` field.
  public func bool(_ value: Bool) -> protobuf_c_boolean { value ? 1 : 0 }

  /// A repeated field of numbers and its count.
  public func values<Number: BitwiseCopyable>(_ values: [Number]) -> (UnsafeMutablePointer<Number>?, Int) {
    array(values) { $0 }
  }

  /// A field of another message; nil leaves it absent.
  public func message<Message: ProtobufMessage>(_ value: Message?) -> UnsafeMutablePointer<Message.CMessage>? {
    guard let value else { return nil }
    return make(value)
  }

  /// A repeated field of another message and its count.
  public func messages<Message: ProtobufMessage>(
    _ values: [Message]
  ) -> (UnsafeMutablePointer<UnsafeMutablePointer<Message.CMessage>?>?, Int) {
    guard !values.isEmpty,
      let array = allocate(UnsafeMutablePointer<Message.CMessage>?.self, count: values.count)
    else { return (nil, 0) }
    // By the buffer, so that the values are written from where they lie.
    values.withUnsafeBufferPointer { values in
      for index in values.indices { (array + index).initialize(to: make(values[index])) }
    }
    return (array, values.count)
  }

  /// A `map` field and its count; `write` fills in one of the generated entry structs.
  ///
  /// - Parameter layout: of the generated entry struct, `ProtobufLayout(rollback__v1__…__labels_entry__init)`.
  public func map<Entry, Key: Comparable, Value>(
    _ values: [Key: Value], _ layout: ProtobufLayout<Entry>, _ write: (inout Entry, Key, Value) -> Void
  ) -> (UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, Int) {
    // Sorted, so that equal values have equal bytes.
    array(values.sorted { $0.key < $1.key }) { key, value -> UnsafeMutablePointer<Entry>? in
      guard let entry = make(layout) else { return nil }
      write(&entry.pointee, key, value)
      return entry
    }
  }

  /// A message that `value` has filled in.
  func make<Message: ProtobufMessage>(_ value: borrowing Message) -> UnsafeMutablePointer<Message.CMessage>? {
    guard let message = make(Message.layout) else { return nil }
    value.write(into: &message.pointee, with: self)
    return message
  }

  /// A message with all its fields at their defaults.
  func make<CMessage>(_ layout: ProtobufLayout<CMessage>) -> UnsafeMutablePointer<CMessage>? {
    guard let message = allocate(CMessage.self, count: 1) else { return nil }
    // Never memset: the initializer sets the descriptor and the pointers to the empty string.
    protobuf_c_message_init(layout.descriptor, message)
    return message
  }

  private func array<Value, Element>(
    _ values: [Value], _ element: (Value) -> Element
  ) -> (UnsafeMutablePointer<Element>?, Int) {
    guard !values.isEmpty, let array = allocate(Element.self, count: values.count) else { return (nil, 0) }
    for (index, value) in values.enumerated() { (array + index).initialize(to: element(value)) }
    return (array, values.count)
  }

  private func copy(_ utf8: UnsafeBufferPointer<UInt8>) -> UnsafeMutablePointer<CChar>? {
    guard let copy = allocate(CChar.self, count: utf8.count + 1) else { return nil }
    copy[utf8.count] = 0
    guard let start = utf8.baseAddress else { return copy }
    UnsafeMutableRawPointer(copy).copyMemory(from: start, byteCount: utf8.count)
    if memchr(start, 0, utf8.count) != nil {
      arena.fail(ProtobufError(.nulInString, field: "a string", "has a string that holds U+0000"))
    }
    return copy
  }

  private func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T>? {
    let memory = arena.allocate(type, count: count)
    if memory == nil { arena.fail(ProtobufError(.tooCostly, field: "the message", "needs too much memory")) }
    return memory
  }
}
