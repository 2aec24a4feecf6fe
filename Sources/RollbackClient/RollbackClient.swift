internal import LinuxIO
internal import ProtobufC
internal import RollbackMessages
internal import TTRPC
internal import TTRPCCore

/// Talks to rollbackd over its socket: lists, plans, rolls back with progress, watches, reads the audit trail.
///
///     try await RollbackClient.withClient { client in
///       for try await frame in client.rollback(RollbackRequest(app: "hello")) {
///         if case .finished(let end)? = frame.kind { print(end.message) }
///       }
///     }
///
/// All calls share one connection; any number may be under way at once, from any task. A call is given up by cancelling
/// the task that waits for it. A lost connection is made anew when the next call needs it. What may be repeated safely
/// is: reads once, and rollouts, which carry a request id, until ``Configuration/retry`` is used up. Every error is a
/// ``RollbackError``.
public final class RollbackClient: Sendable {
  let configuration: Configuration
  let session: Session
  let methods: Methods
  let clock: any Clock<Duration>
  private let random: @Sendable () -> Double

  /// - Parameter random: a number in 0 ..< 1.
  init(
    _ configuration: Configuration, clock: any Clock<Duration>,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, codec: ProtobufCodec,
    open: @escaping Session.Open
  ) {
    self.configuration = configuration
    self.clock = clock
    self.random = random
    session = Session(configuration, clock: clock, open: open)
    methods = Methods(codec)
  }

  /// Waits before another try, in step with nobody.
  func pause(_ duration: Duration) async throws(RollbackError) {
    try await clock.pause(RetryPolicy.drawn(duration, random()))
  }

  /// Connects, lends `body` a client, and closes the connection when `body` returns or throws.
  ///
  /// The client, and the sequences it gave, are of no use after that. One thread serves the connection meanwhile.
  /// - Throws: ``RollbackError`` with `daemon_unreachable` when there is nobody to talk to; what `body` throws.
  public static func withClient<Result>(
    _ configuration: Configuration = Configuration(), _ body: (RollbackClient) async throws -> Result
  ) async throws -> Result {
    if let problem = configuration.problem { throw RollbackError(.invalidArgument, problem) }
    let loop: EventLoop
    do {
      loop = try EventLoop.start(label: "rollback-client")
    } catch {
      throw RollbackError(.internal, "no thread for the connection could be started: \(error)", cause: error)
    }
    // Ends within the loop's current turn, for nothing that runs there waits.
    defer {
      loop.stop()
      loop.join()
    }
    let address = UnixAddress(path: configuration.socketPath)
    let codec = ProtobufCodec()
    var options = ClientOptions()
    options.inboxStallTimeout = configuration.readerPatience
    let client = RollbackClient(configuration, clock: ContinuousClock(), codec: codec) {
      [options] () async throws(RPCError) in
      try await TTRPCClient.connect(to: address, on: loop, options: options, codec: codec)
    }
    // Before the loop stops: it is the loop that closes the connection.
    defer { client.session.close() }
    _ = try await client.session.connection()
    return try await body(client)
  }
}
