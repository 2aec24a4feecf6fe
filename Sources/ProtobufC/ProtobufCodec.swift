/// Turns messages into bytes and bytes into messages, within limits.
///
/// One codec serves a whole program; it may be used from any thread. It holds a few arenas, each of which serves one
/// message at a time, so that in the steady state a message costs no call to `malloc` but for the Swift values it
/// becomes.
public final class ProtobufCodec: Sendable {
  /// What a received message may ask for.
  public let limits: ProtobufLimits
  private let arenas = ArenaPool()

  /// A codec without arenas yet; they are made when first needed.
  public init(limits: ProtobufLimits = ProtobufLimits()) { self.limits = limits }

  /// Checks, unpacks and copies out a message.
  ///
  /// - Throws: ``ProtobufError`` naming the field at fault. Bytes that would cost much are refused before they do.
  public func decode<Message: ProtobufMessage>(
    _ type: Message.Type = Message.self, from bytes: UnsafeRawBufferPointer
  ) throws(ProtobufError) -> Message {
    let arena = arenas.take()
    defer { arenas.giveBack(arena) }
    let message = try UnpackedMessage(bytes, Message.layout, in: arena, limits: limits)
    return try message.read { (message, reader) throws(ProtobufError) in try Message(reading: message, with: reader) }
  }

  /// Checks, unpacks and copies out a message; see ``decode(_:from:)-(_,UnsafeRawBufferPointer)``.
  public func decode<Message: ProtobufMessage>(
    _ type: Message.Type = Message.self, from bytes: [UInt8]
  ) throws(ProtobufError) -> Message {
    let result = bytes.withUnsafeBytes { (bytes) -> Result<Message, ProtobufError> in
      Result { () throws(ProtobufError) in try decode(type, from: bytes) }
    }
    return try result.get()
  }

  /// Writes `value` into a C message and lends it to `body`, to be packed where it is wanted.
  ///
  /// - Throws: ``ProtobufError/Code/nulInString`` for a string that holds U+0000, and what `body` throws.
  public func withPacked<Message: ProtobufMessage, Result>(
    _ value: Message, _ body: (borrowing PackedMessage) throws -> Result
  ) throws -> Result {
    let arena = arenas.take()
    defer { arenas.giveBack(arena) }
    return try body(PackedMessage(value, in: arena))
  }

  /// The bytes of a message.
  ///
  /// - Throws: ``ProtobufError/Code/nulInString`` for a string that holds U+0000.
  public func encode<Message: ProtobufMessage>(_ value: Message) throws(ProtobufError) -> [UInt8] {
    let arena = arenas.take()
    defer { arenas.giveBack(arena) }
    let message = try PackedMessage(value, in: arena)
    let count = message.count
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      message.pack(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      initialized = count
    }
  }
}
