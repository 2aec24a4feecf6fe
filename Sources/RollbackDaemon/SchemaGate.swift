internal import Locking
internal import Logging
internal import Postgres
internal import RollbackService

/// Lets nothing be done before the database's schema was found to be the one that this version works with.
///
/// While it is closed the daemon may serve, but answers `unavailable` to everything except its health, and takes
/// nothing over. Once open it stays open: what is migrated under a daemon that runs shows in its health alone.
final class SchemaGate<C: Clock>: Sendable where C.Duration == Duration {
  /// What looking has come to.
  enum Finding: Sendable {
    /// The schema is ours; the last finding.
    case open
    /// The database has not answered in time, for this reason; it is looked for further.
    case degraded(String)
    /// There is nothing to wait for: it says what to run. The last finding.
    case refused(DaemonStartError)
  }

  private let status: @Sendable () async throws -> SchemaStatus
  private let clock: C
  private let log: Logger
  /// Nil once it is open.
  private let closed: Locked<String?>

  /// Between two looks, before and after the grace is over.
  private static var delays: (early: Duration, late: Duration) { (.milliseconds(200), .seconds(1)) }
  /// How long one look may take; a database that is frozen never answers.
  private static var patience: Duration { .seconds(2) }

  init(clock: C, log: Logger, status: @escaping @Sendable () async throws -> SchemaStatus) {
    self.clock = clock
    self.log = log
    self.status = status
    closed = Locked("PostgreSQL has not been asked for its schema yet; try again")
  }

  /// Why nothing may be done yet, in a sentence; nil once the schema is known to be ours.
  var obstacle: String? { closed.withLock { $0 } }

  /// Looks until the schema is known, or the task is cancelled, and tells what it finds: at most one `degraded`, when
  /// `grace` is over, and then how it ends.
  func run(within grace: Duration, _ tell: (Finding) -> Void) async {
    let deadline = clock.now.advanced(by: grace)
    var isDegraded = false
    while !Task.isCancelled {
      do {
        try await look()
        return tell(.open)
      } catch let error as DaemonStartError {
        return tell(.refused(error))
      } catch {
        if Task.isCancelled { return }
        log.log(level: isDegraded ? .debug : .info, "waiting for PostgreSQL", metadata: ["cause": "\(error)"])
        if !isDegraded, clock.now >= deadline {
          isDegraded = true
          tell(.degraded("\(error)"))
        }
      }
      let delay = isDegraded ? Self.delays.late : Self.delays.early
      // Ends early only when cancelled.
      try? await clock.sleep(until: clock.now.advanced(by: delay), tolerance: nil)
    }
  }

  /// Looks once, and opens when the schema is ours.
  ///
  /// - Throws: ``DaemonStartError`` for a schema that this version cannot work with; anything else may pass.
  func look() async throws {
    let found: SchemaStatus
    do {
      found = try await TimeLimit(Self.patience, clock).run(status)
    } catch let error as PostgresError where !error.isPassing {
      throw DaemonStartError(description: "the database's schema cannot be read: \(error)", exitCode: 78)
    } catch {
      let words = (error as? PostgresError).map { ServiceError($0).message } ?? "PostgreSQL does not answer; try again"
      closed.withLock { $0 = "nothing is done before the database's schema is known: \(words)" }
      throw error
    }
    if let problem = found.problem { throw DaemonStartError(description: problem, exitCode: 78) }
    closed.withLock { $0 = nil }
  }
}
