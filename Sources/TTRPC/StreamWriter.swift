internal import LinuxIO
public import TTRPCCore

/// Sends messages to the other side of a streaming call.
///
/// ttRPC has no flow control, and released Go clients stop their whole connection for one stream that is not read. So
/// pace and coalesce what you send: ``trySend(_:)`` says when the peer is behind.
public struct StreamWriter<Message: Sendable>: Sendable {
  let side: any StreamSide
  let coder: PayloadCoder<Message>

  /// Sends a message, and before that waits while more than ``TransportLimits/highWaterMark`` bytes are unwritten.
  ///
  /// The message is with this process's queue, not with the peer, when it returns.
  /// - Throws: why the call is over; RESOURCE_EXHAUSTED, which ends the call, for a message above the limits; CANCELLED
  ///   when the task is cancelled while it waits.
  public func send(_ message: Message) async throws(RPCError) {
    while try await !trySend(message) {
      try await RoomWaiter.wait(for: side)
    }
  }

  /// Sends a message unless too much is unwritten; false when it was not sent.
  ///
  /// Never waits for the peer; suspends only to get to the connection's loop.
  /// - Throws: as ``send(_:)``.
  public func trySend(_ message: Message) async throws(RPCError) -> Bool {
    if side.loop.isCurrent { return try side.trySend(message, coder) }
    let result = await withUnsafeContinuation { continuation in
      side.loop.execute { [side, coder] in
        continuation.resume(
          returning: Result { () throws(RPCError) in try side.trySend(message, coder) })
      }
    }
    return try result.get()
  }

  /// Tells a server that no further message comes. Harmless twice, and after the end of the call.
  ///
  /// On a server it does nothing: the stream ends when the handler returns.
  public func finish() {
    side.loop.perform { [side] in side.endSending() }
  }
}

/// One side of a streaming call, as its writer sees it. Everything is confined to the loop.
protocol StreamSide: AnyObject, Sendable {
  nonisolated var loop: EventLoop { get }
  /// Queues a message unless there is no room.
  func trySend<Message>(_ message: Message, _ coder: PayloadCoder<Message>) throws(RPCError) -> Bool
  /// Resumes the waiter when there is room, or the connection is gone.
  func waitForRoom(_ waiter: RoomWaiter)
  func endSending()
}

/// A task that waits for room in a connection's queue.
///
/// `@unchecked Sendable`: used on the loop only.
final class RoomWaiter: @unchecked Sendable {
  private var continuation: UnsafeContinuation<Void, Never>?
  private var isOver = false

  /// Suspends until there is room, or the connection is gone.
  static func wait(for side: any StreamSide) async throws(RPCError) {
    let waiter = RoomWaiter()
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        side.loop.perform {
          waiter.begin(continuation)
          side.waitForRoom(waiter)
        }
      }
    } onCancel: {
      side.loop.execute { waiter.resume() }
    }
    if Task.isCancelled { throw RPCError(.cancelled, "the task that sends on this stream was cancelled") }
  }

  private func begin(_ continuation: UnsafeContinuation<Void, Never>) {
    // The cancellation may have come first.
    if isOver { continuation.resume() } else { self.continuation = continuation }
  }

  func resume() {
    isOver = true
    continuation?.resume()
    continuation = nil
  }
}
