internal import LinuxIO
internal import TTRPCCore

/// A call that a client has begun, or is about to.
///
/// `@unchecked Sendable`: everything that changes is read and written on the loop only.
final class ClientCall: StreamSide, @unchecked Sendable {
  let kind: MethodKind
  let feed: any MessageFeed
  private let connection: ClientConnection
  /// Nil before the request has been queued.
  var id: StreamID?
  var deadline: LoopTimer?
  /// Runs while the reader leaves a full inbox alone.
  var stall: LoopTimer?
  private(set) var isOver = false
  /// Why, for whoever still sends.
  private var error: RPCError?

  init(_ kind: MethodKind, _ feed: any MessageFeed, on connection: ClientConnection) {
    self.kind = kind
    self.feed = feed
    self.connection = connection
  }

  var loop: EventLoop { connection.loop }

  /// The call has ended, well or with an error.
  func end(_ error: RPCError?) {
    guard !isOver else { return }
    isOver = true
    self.error = error
    deadline?.cancel()
    deadline = nil
    stall?.cancel()
    stall = nil
    feed.finish(error)
  }

  func trySend<Message>(_ message: Message, _ coder: PayloadCoder<Message>) throws(RPCError) -> Bool {
    guard let id, connection.maySend(id) else {
      throw error ?? RPCError(.failedPrecondition, "the stream takes no further message")
    }
    guard connection.hasRoom else { return false }
    try connection.sendData(message, coder, on: id)
    return true
  }

  func waitForRoom(_ waiter: RoomWaiter) { connection.waitForRoom(waiter) }

  func endSending() {
    if let id { connection.endSending(id) }
  }
}
