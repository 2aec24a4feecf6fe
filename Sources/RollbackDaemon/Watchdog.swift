internal import ConnectionPool
internal import LinuxIO
internal import Logging
internal import Postgres
internal import RollbackService
internal import TTRPC

/// Pings systemd's watchdog, each time only after both loops have turned, and keeps the status line up to date.
///
/// The database being away is no reason to be restarted: it is said in the status line.
struct Watchdog: Sendable {
  let parts: DaemonParts
  let notifier: SystemdNotifier
  let front: EventLoop
  let cluster: EventLoop
  let log: Logger

  func run() async {
    let interval = notifier.watchdogInterval.map { $0 / 3 } ?? .seconds(10)
    let clock = LoopClock(front)
    var lastStatus = ""
    while !Task.isCancelled {
      do {
        try await clock.sleep(until: clock.now.advanced(by: interval), tolerance: nil)
        // A loop that is stuck never answers, and then no ping goes out.
        try await front.call {}
        try await cluster.call {}
      } catch {
        return
      }
      notifier.watchdog()
      let status = await line()
      if status != lastStatus { notifier.status(status) }
      lastStatus = status
    }
  }

  private func line() async -> String {
    let statistics = await parts.postgres.statistics
    let running = parts.service.runningOperations
    let operations = "\(running) operation\(running == 1 ? "" : "s") running"
    if let obstacle = parts.gate.obstacle { return "degraded: \(obstacle)" }
    return statistics.isFailing ? "degraded: PostgreSQL cannot be reached; \(operations)" : "serving; \(operations)"
  }
}
