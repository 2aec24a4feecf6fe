internal import LinuxIO
internal import Synchronization
internal import TTRPCCore

/// An open call and the task of its handler.
///
/// `@unchecked Sendable`: everything but `why`, which is atomic, is read and written on the loop only.
/// The handler's task prefers the loop and comes back to it between any two of its own suspensions.
final class ServerCall: CallerPresence, StreamSide, @unchecked Sendable {
  let id: StreamID
  let loop: EventLoop
  private let connection: ServerConnection
  /// The raw value of the abandonment; 0 while somebody waits.
  private let why = Atomic<UInt8>(0)
  private var task: Task<Void, Never>?
  private var deadline: LoopTimer?
  /// Where received messages go, for kinds that have them.
  var feed: (any MessageFeed)?

  init(_ id: StreamID, on connection: ServerConnection) {
    self.id = id
    self.connection = connection
    loop = connection.loop
  }

  var abandonment: Abandonment? { Abandonment(rawValue: why.load(ordering: .acquiring)) }

  /// Starts the handler, which runs at once until it first suspends.
  func run(_ body: @escaping @Sendable () async throws -> Void) {
    connection.server.handlerBegan()
    let task = Task.immediate(executorPreference: loop) { [self] in
      do {
        try await body()
      } catch {
        failed(error)
      }
      over()
      feed?.discard()
      feed = nil
      connection.server.handlerEnded()
    }
    // It may have ended already, or have been given up by something it did.
    if connection.isOpen(id) { self.task = task }
    if abandonment != nil { task.cancel() }
  }

  func answer(by deadline: ContinuousClock.Instant) {
    self.deadline = loop.schedule(at: deadline) { [weak self] in
      guard let self else { return }
      connection.fail(self, RPCStatus(.deadlineExceeded, "the caller's deadline passed"))
      abandon(.deadlinePassed)
    }
  }

  // MARK: What the handler does

  /// Ends a call that has one reply.
  func reply<Reply>(_ reply: Reply, _ coder: PayloadCoder<Reply>) {
    loop.preconditionIsCurrent()
    connection.succeed(self) { connection.sendReply(reply, coder, on: id) }
  }

  /// Ends a call that has any number of replies.
  func endOfData() {
    loop.preconditionIsCurrent()
    connection.succeed(self) { connection.sendEnd(on: id) }
  }

  func trySend<Message>(_ message: Message, _ coder: PayloadCoder<Message>) throws(RPCError) -> Bool {
    loop.preconditionIsCurrent()
    guard connection.isOpen(id) else { throw endedError }
    guard connection.hasRoom else { return false }
    do throws(RPCError) {
      try connection.sendData(message, coder, on: id)
    } catch {
      // A message that cannot be sent would be a hole in the stream: the call is over.
      connection.fail(self, error.status)
      abandon(.refused)
      throw error
    }
    return true
  }

  func waitForRoom(_ waiter: RoomWaiter) { connection.waitForRoom(waiter) }

  func endSending() {}

  private func failed(_ error: any Error) {
    loop.preconditionIsCurrent()
    connection.fail(self, connection.status(of: error, in: self))
  }

  // MARK: What happens to it

  /// Nobody waits for the call any more: tells the handler, by every way it may look.
  func abandon(_ reason: Abandonment) {
    if abandonment == nil { why.store(reason.rawValue, ordering: .releasing) }
    feed?.finish(endedError)
    task?.cancel()
    over()
  }

  private func over() {
    deadline?.cancel()
    deadline = nil
    task = nil
  }

  private var endedError: RPCError {
    switch abandonment {
    case .callerLeft, nil: RPCError(.cancelled, "the caller has left")
    case .deadlinePassed: RPCError(.deadlineExceeded, "the caller's deadline passed")
    case .refused: RPCError(.cancelled, "the call was refused")
    case .serverStopping: RPCError(.givenUp)
    }
  }
}
