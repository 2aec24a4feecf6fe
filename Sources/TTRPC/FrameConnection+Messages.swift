internal import TTRPCCore

extension FrameConnection {
  /// Queues a Data frame with a message, packed in place.
  ///
  /// - Throws: RESOURCE_EXHAUSTED for one above the limits, INTERNAL for one that cannot be encoded. Nothing is queued
  ///   then.
  func sendMessage<Message>(_ message: Message, _ coder: PayloadCoder<Message>, on id: StreamID) throws(RPCError) {
    let before = { (_: Int) in FrameHeader.size }
    try encode(message, coder, before: before, after: 0) { count, memory in
      FrameHeader(length: count, stream: id, type: .data).write(to: memory)
    }
  }

  /// Queues a successful Response, packed in place.
  ///
  /// - Throws: as ``sendMessage(_:_:on:)``.
  func sendReply<Message>(_ message: Message, _ coder: PayloadCoder<Message>, on id: StreamID) throws(RPCError) {
    try encode(message, coder, before: FrameEncoder.responsePrefixSize, after: 0) { count, memory in
      FrameEncoder.writeResponsePrefix(stream: id, payload: count, to: memory)
    }
  }

  /// Queues a Request with a message, packed in place between the parts of its envelope.
  ///
  /// - Throws: as ``sendMessage(_:_:on:)``.
  func sendRequest<Message>(
    _ head: RequestHead, _ message: Message, _ coder: PayloadCoder<Message>, on id: StreamID, flags: Flags
  ) throws(RPCError) {
    let after = head.sizes(payload: 0).after
    let before = { (count: Int) in FrameHeader.size + head.sizes(payload: count).before }
    try encode(message, coder, before: before, after: after) { count, memory in
      FrameHeader(length: memory.count - FrameHeader.size, stream: id, type: .request, flags: flags).write(to: memory)
      head.writeBefore(
        payload: count, to: UnsafeMutableRawBufferPointer(rebasing: memory[FrameHeader.size...]))
      head.writeAfter(to: UnsafeMutableRawBufferPointer(rebasing: memory[(memory.count - after)...]))
    }
  }

  /// Has a message encoded straight into the queue.
  ///
  /// - Parameters:
  ///   - before: how many bytes go before a payload of so many.
  ///   - after: how many go after it.
  ///   - frame: writes those bytes into the memory of the whole frame.
  private func encode<Message>(
    _ message: Message, _ coder: PayloadCoder<Message>, before: (Int) -> Int, after: Int,
    _ frame: (_ payload: Int, UnsafeMutableRawBufferPointer) -> Void
  ) throws(RPCError) {
    guard !isClosed else { return }
    var reserved = 0
    do {
      try coder.encode(message) { count in
        let start = before(count)
        let size = start + count + after
        let memory = try reserve(size)
        reserved = size
        frame(count, memory)
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + count])
      }
    } catch {
      if reserved > 0 { cancelReservation(reserved) }
      if let error = error as? RPCError { throw error }
      throw RPCError(.internal, "the message cannot be encoded", cause: error)
    }
  }
}
