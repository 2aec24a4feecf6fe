internal import LinuxIO
internal import Logging
internal import Postgres
internal import RollbackService

/// Listens to the database for new audit rows, of whatever host or program, while anybody follows them.
///
/// One connection serves all followers. When it is lost they look by themselves until there is another.
struct AuditListener: Sendable {
  /// The connection is not one that calls could use.
  let postgres: PostgresClient
  let bell: AuditBell
  let clock: LoopClock
  let log: Logger

  /// The channel that `paas_audit_notify()` sends to.
  private static let channel = "paas_audit_events"
  private static let retryDelay = Duration.seconds(2)

  /// Listens until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      await bell.waitUntil(followed: true)
      do {
        try await listen()
      } catch is CancellationError {
        continue
      } catch {
        log.warning("cannot listen for new audit rows; followers look for them", metadata: ["cause": "\(error)"])
      }
      // After a loss, or when the last follower left: neither is to come again at once.
      try? await clock.sleep(until: clock.now.advanced(by: Self.retryDelay), tolerance: nil)
    }
  }

  /// Rings for each notification until nobody follows any more, or the connection is lost.
  private func listen() async throws {
    try await postgres.withNotifications(on: Self.channel) { notifications in
      bell.isHeard = true
      defer { bell.isHeard = false }
      // What was written before the server confirmed.
      bell.ring()
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          for await _ in notifications { bell.ring() }
        }
        group.addTask { await bell.waitUntil(followed: false) }
        await group.next()
        group.cancelAll()
      }
    }
    // Followers that stayed look again, now by themselves.
    bell.ring()
  }
}
