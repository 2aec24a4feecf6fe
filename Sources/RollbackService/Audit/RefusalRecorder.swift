internal import Locking
internal import Logging
internal import RollbackMessages

/// Writes refusals to the audit trail, within the bounds of ``RefusalLedger``.
///
/// A refusal stands whether or not it can be recorded, since it has changed nothing. One that cannot be is logged as an
/// error, makes the daemon's health degraded, is counted, and is written when the database takes it again. What is
/// counted and not yet written when the process is killed is lost but for its line in the log.
final class RefusalRecorder<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  private let audit: any AuditLog
  private let clock: C
  private let wallClock: @Sendable () -> Timestamp
  private let log: Logger
  /// The chain takes one row at a time: more writers at once would only keep connections from others.
  private let turnstile = Turnstile(width: 2)
  private let state = Locked(State())
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  /// Between two looks while something waits to be written.
  private static var pace: Duration { .seconds(15) }

  private struct State {
    var ledger = RefusalLedger()
    /// Why the last row could not be written; nil when it could.
    var problem: String?
  }

  init(audit: any AuditLog, clock: C, wallClock: @escaping @Sendable () -> Timestamp, log: Logger) {
    self.audit = audit
    self.clock = clock
    self.wallClock = wallClock
    self.log = log
    (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// What is wrong with recording refusals, in a sentence; nil when nothing is.
  var problem: String? { state.withLock { $0.problem } }

  /// Records a refusal. Returns when it is written, counted, or could not be written.
  func record(_ refusal: AuditedRefusal) async {
    let (now, time) = (clock.now, wallClock())
    switch state.withLock({ $0.ledger.refused(refusal, at: now, wallClock: time) }) {
    case .write: await write(refusal)
    case .count: wake.yield()
    }
  }

  /// Writes what was counted when its time has come, until the task is cancelled; then what is left.
  func run() async {
    for await _ in wakes {
      while let deadline = state.withLock({ $0.ledger.deadline }) {
        // Looks again before that: what was counted, or could not be written, meanwhile may have its time sooner.
        let next = min(deadline, clock.now.advanced(by: Self.pace))
        do { try await clock.sleep(until: next, tolerance: nil) } catch { break }
        let now = clock.now
        for row in state.withLock({ $0.ledger.due(at: now) }) { await write(row) }
      }
    }
  }

  /// Writes what is counted so far, at the end.
  func flush() async {
    for row in state.withLock({ $0.ledger.drain() }) { await write(row) }
  }

  private func write(_ refusal: AuditedRefusal) async {
    do {
      try await turnstile.pass { try await audit.recordRefusal(refusal) }
      state.withLock { $0.problem = nil }
    } catch {
      let (now, time) = (clock.now, wallClock())
      state.withLock { state in
        state.problem = "refused calls cannot be recorded in the audit trail: \(error)"
        state.ledger.notWritten(refusal, at: now, wallClock: time)
      }
      wake.yield()
      log.error(
        "a refusal could not be written to the audit trail; it is tried again",
        metadata: [
          "action": "\(refusal.action)", "reason": "\(refusal.error.reason.rawValue)",
          "caller": "\(refusal.caller.description)", "app": "\(refusal.app)", "target": "\(refusal.target)",
          "calls": "\(refusal.repetition?.count ?? 1)", "cause": "\(error)",
        ])
    }
  }
}
