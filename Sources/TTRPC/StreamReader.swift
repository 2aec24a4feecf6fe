internal import LinuxIO
public import TTRPCCore

/// The messages that the other side of a streaming call sends, in order.
///
/// One task reads at a time. On a client, letting go of the reader (and of all its copies) gives the call up.
public struct StreamReader<Message: Sendable>: AsyncSequence, Sendable {
  public typealias Element = Message
  public typealias Failure = RPCError

  private let loop: EventLoop
  private let inbox: Inbox<Message>
  private let lease: StreamLease?

  init(loop: EventLoop, inbox: Inbox<Message>, lease: StreamLease? = nil) {
    self.loop = loop
    self.inbox = inbox
    self.lease = lease
  }

  /// The next message, or nil when the other side has ended the stream well.
  ///
  /// Suspends until there is one; goes on at once, without leaving the loop, where one is there already.
  /// - Throws: the error that ended the call, after all messages before it; CANCELLED when the task was cancelled.
  public func next() async throws(RPCError) -> Message? {
    if loop.isCurrent, let next = inbox.take() { return try next.get() }
    let wait = inbox.newWait()
    let next = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        loop.perform { [inbox] in inbox.take(continuation, wait: wait) }
      }
    } onCancel: {
      loop.execute { [inbox] in inbox.cancel(wait: wait) }
    }
    return try next.get()
  }

  public func makeAsyncIterator() -> Iterator { Iterator(reader: self) }

  public struct Iterator: AsyncIteratorProtocol {
    let reader: StreamReader

    public mutating func next() async throws(RPCError) -> Message? { try await reader.next() }

    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(RPCError) -> Message? {
      try await reader.next()
    }
  }
}

/// Does something when the last reference to it goes away.
final class StreamLease: Sendable {
  private let onEnd: @Sendable () -> Void

  init(_ onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

  deinit { onEnd() }
}

extension EventLoop {
  /// Runs `body` on the loop: at once when already there, soon otherwise.
  func perform(_ body: @escaping @Sendable () -> Void) {
    if isCurrent { body() } else { execute(body) }
  }
}
