internal import CProtobufC

/// A message that has been written and measured, and can be packed straight to where it is sent from.
///
/// Lent by ``ProtobufCodec/withPacked(_:_:)``, for as long as that call lasts.
public struct PackedMessage: ~Copyable {
  private let message: UnsafePointer<ProtobufCMessage>
  /// Its length on the wire, in bytes.
  public let count: Int

  /// Has `value` write itself into a C message in `arena`.
  init<Message: ProtobufMessage>(_ value: borrowing Message, in arena: ProtobufArena) throws(ProtobufError) {
    // Values come from this process, so there is no peer to be limited here.
    arena.reset(budget: .max)
    let message = ProtobufWriter(arena: arena).make(value)
    if let failure = arena.failure {
      arena.reset(budget: 0)
      throw ProtobufError(failure.code, field: Message.layout.name, failure.message)
    }
    guard let message else { throw ProtobufError(.tooCostly, field: Message.layout.name, "needs too much memory") }
    self.message = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    count = protobuf_c_message_get_packed_size(self.message)
  }

  /// Writes the message's bytes.
  ///
  /// - Parameter destination: exactly ``count`` bytes.
  public borrowing func pack(into destination: UnsafeMutableRawBufferPointer) {
    precondition(destination.count == count, "a message is packed into exactly as many bytes as it has")
    // protobuf_c_message_pack checks no bounds: it writes as many bytes as get_packed_size said.
    guard let start = destination.baseAddress else { return }
    let written = protobuf_c_message_pack(message, start.assumingMemoryBound(to: UInt8.self))
    precondition(written == count, "protobuf-c packed another length than it measured")
  }
}
