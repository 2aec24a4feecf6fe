internal import LinuxIO
internal import Logging
internal import Postgres

/// Lets the daemon start only on a schema that it knows, or, when the database is away for too long, without one.
struct SchemaGate: Sendable {
  enum State: Sendable {
    case ready
    /// The database did not answer in time; calls answer `unavailable` until it does.
    case degraded(String)
  }

  let postgres: PostgresClient
  let clock: LoopClock
  let log: Logger
  private static let retryDelay = Duration.milliseconds(200)

  /// Asks until the database answers, or the time is over.
  ///
  /// - Throws: ``DaemonStartError`` for a schema that this version cannot work with: it says what to run.
  func wait(within grace: Duration) async throws -> State {
    let deadline = clock.now.advanced(by: grace)
    while true {
      do {
        let status = try await SchemaMigrator(client: postgres).status()
        guard let problem = status.problem else { return .ready }
        throw DaemonStartError(description: problem, exitCode: 78)
      } catch let error as PostgresError where error.isUnavailability {
        guard clock.now < deadline else { return .degraded("\(error)") }
        log.info("waiting for PostgreSQL", metadata: ["cause": "\(error)"])
        try await clock.sleep(until: clock.now.advanced(by: Self.retryDelay), tolerance: nil)
      }
    }
  }
}
