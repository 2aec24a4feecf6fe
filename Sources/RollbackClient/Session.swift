internal import Glibc
internal import LinuxIO
internal import Locking
internal import RollbackMessages
internal import TTRPC
internal import TTRPCCore

/// Keeps the client's connection: makes it when it is first needed, and anew when it has been lost.
final class Session: Sendable {
  typealias Open = @Sendable () async throws(RPCError) -> TTRPCClient

  /// What those who wait for somebody else's attempt are told.
  enum Outcome: Sendable {
    case askAgain
    case failed(RollbackError)
  }

  private let socketPath: String
  private let connectTimeout: Duration
  private let clock: any Clock<Duration>
  private let open: Open
  private let machine = Locked(SessionStateMachine<TTRPCClient, UnsafeContinuation<Outcome, Never>>())

  init(_ configuration: RollbackClient.Configuration, clock: any Clock<Duration>, open: @escaping Open) {
    socketPath = configuration.socketPath
    connectTimeout = configuration.connectTimeout
    self.clock = clock
    self.open = open
  }

  /// The connection, made first where there is none. Suspends until there is one.
  ///
  /// - Parameter lost: the connection that a call has just failed on.
  func connection(replacing lost: TTRPCClient? = nil) async throws(RollbackError) -> TTRPCClient {
    while true {
      switch machine.withLock({ $0.ask(replacing: lost) }) {
      case .use(let connection): return connection
      case .connect: return try await connect()
      case .wait:
        if case .failed(let error) = await attemptOfAnother() { throw error }
      case .refuse: throw Self.closed
      }
    }
  }

  private func attemptOfAnother() async -> Outcome {
    await withUnsafeContinuation { continuation in
      let waits = machine.withLock { $0.wait(continuation) }
      if !waits { continuation.resume(returning: .askAgain) }
    }
  }

  private func connect() async throws(RollbackError) -> TTRPCClient {
    let connection: TTRPCClient
    do throws(RollbackError) {
      connection = try await patiently()
    } catch {
      // That this task was cancelled is nothing to the others: one of them tries next.
      let outcome = error.reason == .cancelled ? Outcome.askAgain : .failed(error)
      for waiter in machine.withLock({ $0.failed() }) { waiter.resume(returning: outcome) }
      throw error
    }
    switch machine.withLock({ $0.connected(connection) }) {
    case .use(let waiters):
      for waiter in waiters { waiter.resume(returning: .askAgain) }
      return connection
    case .discard:
      connection.close()
      throw Self.closed
    }
  }

  /// Tries until the listener has room, or the time is over. Everything else is told at once (connect(2), `EAGAIN`).
  private func patiently() async throws(RollbackError) -> TTRPCClient {
    var waited = Duration.zero
    var delay = Duration.milliseconds(10)
    while true {
      do throws(RPCError) {
        return try await open()
      } catch {
        let isFull = (error.cause as? SystemError)?.code == EAGAIN
        guard isFull, waited + delay <= connectTimeout else {
          throw RollbackError(connectingTo: socketPath, error)
        }
      }
      try await clock.pause(delay)
      waited += delay
      delay = min(delay * 2, .milliseconds(500))
    }
  }

  /// Ends the connection and every call on it. Harmless twice.
  func close() {
    let (connection, waiters) = machine.withLock { $0.close() }
    connection?.close()
    for waiter in waiters { waiter.resume(returning: .failed(Self.closed)) }
  }

  private static let closed = RollbackError(
    .connectionLost, "The client has been closed: it is good within withClient's body only.")
}

extension Clock<Duration> {
  /// Sleeps, and says that it was cancelled as everything here says it.
  func pause(_ duration: Duration) async throws(RollbackError) {
    do {
      try await sleep(for: duration)
    } catch {
      throw RollbackError(.cancelled, "The task that waited was cancelled.", cause: error)
    }
  }
}
