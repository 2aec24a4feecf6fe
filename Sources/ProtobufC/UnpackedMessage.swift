internal import CProtobufC

/// The one owner of an unpacked C message.
///
/// The message lives in the arena, so that ending its life costs nothing: the arena is reset for the next one, which
/// is why there is one `UnpackedMessage` at a time per arena, and no `protobuf_c_message_free_unpacked`, which would
/// walk the message to free it piece by piece.
struct UnpackedMessage<CMessage>: ~Copyable {
  private let message: UnsafeMutablePointer<CMessage>
  private let arena: ProtobufArena

  /// Scans `bytes`, then has protobuf-c unpack them into `arena`.
  init(
    _ bytes: UnsafeRawBufferPointer, _ layout: ProtobufLayout<CMessage>, in arena: ProtobufArena, limits: ProtobufLimits
  ) throws(ProtobufError) {
    try WireScanner.check(bytes, layout.descriptor, limits: limits)
    arena.reset(budget: limits.memory(forLength: bytes.count))
    // Copies everything it keeps, so `bytes` may go away; NULL on any error, with nothing left to free.
    guard
      let unpacked = protobuf_c_message_unpack(
        layout.descriptor, arena.allocator, bytes.count, bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
    else {
      arena.reset(budget: 0)
      throw ProtobufError(.refused, field: layout.name, "cannot be decoded")
    }
    // The result is a struct of `sizeof_message` bytes, laid out as `CMessage`: `layout` has checked the size.
    self.message = UnsafeMutableRawPointer(unpacked).assumingMemoryBound(to: CMessage.self)
    self.arena = arena
  }

  deinit { arena.reset(budget: 0) }

  /// Gives `body` the message's C struct; pointers in it are good until `body` returns.
  borrowing func read<Value>(
    _ body: (CMessage, ProtobufReader) throws(ProtobufError) -> Value
  ) throws(ProtobufError) -> Value {
    try body(message.pointee, ProtobufReader())
  }
}
