internal import Logging
internal import RollbackMessages

/// Writes refusals to the audit trail, within the bounds of ``RefusalLedger``.
///
/// A refusal stands whether or not it can be recorded, since it has changed nothing. Its answer waits a moment for its
/// row, so that whoever is refused finds it there; a database that takes longer than that gets the row while nobody
/// waits. One that cannot be written is logged as an error, makes the daemon's health degraded, is counted, and is
/// written when the database takes it again. What is not yet written when the process is killed is lost but for its
/// line in the log.
final class RefusalRecorder<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  private let audit: any AuditLog
  private let clock: C
  private let wallClock: @Sendable () -> Timestamp
  private let log: Logger
  /// The chain takes one row at a time: more writers at once would only keep connections from others.
  private let turnstile = Turnstile(width: 2)
  private let state = Monitor(State())
  private let wakes: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation
  /// The numbers of rows to write.
  private let tickets: AsyncStream<Int>
  private let ticket: AsyncStream<Int>.Continuation

  /// Between two looks while something waits to be written.
  private static var pace: Duration { .seconds(15) }
  /// How long an answer waits for its row.
  private static var patience: Duration { .seconds(1) }
  /// How many rows may wait to be written one by one; beyond it they are counted.
  private static var maximumQueue: Int { 100 }

  private struct State {
    var ledger = RefusalLedger()
    /// Why the last row could not be written; nil when it could.
    var problem: String?
    var lastTicket = 0
    /// Rows that nobody has begun to write.
    var queue: [Int: AuditedRefusal] = [:]
    /// Those, and the ones that are being written.
    var unwritten: Set<Int> = []

    mutating func enqueue(_ refusal: AuditedRefusal) -> Int? {
      guard unwritten.count < RefusalRecorder.maximumQueue else { return nil }
      lastTicket += 1
      queue[lastTicket] = refusal
      unwritten.insert(lastTicket)
      return lastTicket
    }

    /// All that waits, whether or not its time has come; none waits any more.
    mutating func takeAll() -> [AuditedRefusal] {
      defer { queue = [:] }
      return queue.sorted { $0.key < $1.key }.map(\.value) + ledger.drain()
    }
  }

  init(audit: any AuditLog, clock: C, wallClock: @escaping @Sendable () -> Timestamp, log: Logger) {
    self.audit = audit
    self.clock = clock
    self.wallClock = wallClock
    self.log = log
    (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    // Bounded by the queue.
    (tickets, ticket) = AsyncStream.makeStream(of: Int.self)
  }

  /// What is wrong with recording refusals, in a sentence; nil when nothing is.
  var problem: String? { state.read { $0.problem } }

  /// Records a refusal. Returns when it is written, counted, or could not be written, and at the latest after a second;
  /// ``run()`` goes on with it then.
  func record(_ refusal: AuditedRefusal) async {
    let (now, time) = (clock.now, wallClock())
    let number = state.change { state -> Int? in
      guard state.ledger.refused(refusal, at: now, wallClock: time) == .write else { return nil }
      if let number = state.enqueue(refusal) { return number }
      state.ledger.notWritten(refusal, at: now, wallClock: time)
      return nil
    }
    guard let number else {
      wake.yield()
      return
    }
    if case .terminated = ticket.yield(number) {
      // Nobody goes on with it any more.
      try? await TimeLimit(Self.patience, clock).run { await self.write(number) }
      return
    }
    await state.wait(until: clock.now.advanced(by: Self.patience), clock: clock) { !$0.unwritten.contains(number) }
    guard state.read({ $0.unwritten.contains(number) }) else { return }
    log.warning("a refusal waits to be written to the audit trail", metadata: Self.facts(refusal))
  }

  /// Writes what is refused, and what was counted when its time has come, until ``stop()``; then what is left.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.watchCounted() }
      await withDiscardingTaskGroup { writers in
        for await number in tickets { writers.addTask { await self.write(number) } }
      }
      group.cancelAll()
    }
    for row in state.change({ $0.takeAll() }) { await write(row) }
  }

  /// Lets ``run()`` come to its end.
  func stop() { ticket.finish() }

  private func watchCounted() async {
    for await _ in wakes {
      while let deadline = state.read({ $0.ledger.deadline }) {
        // Looks again before that: what was counted, or could not be written, meanwhile may have its time sooner.
        let next = min(deadline, clock.now.advanced(by: Self.pace))
        do { try await clock.sleep(until: next, tolerance: nil) } catch { break }
        let (now, time) = (clock.now, wallClock())
        let numbers = state.change { state in
          state.ledger.due(at: now).compactMap { row -> Int? in
            if let number = state.enqueue(row) { return number }
            state.ledger.notWritten(row, at: now, wallClock: time)
            return nil
          }
        }
        for number in numbers { ticket.yield(number) }
      }
    }
  }

  /// Writes a row of the queue, unless somebody else does.
  private func write(_ number: Int) async {
    guard let refusal = state.change({ $0.queue.removeValue(forKey: number) }) else { return }
    await write(refusal)
    _ = state.change { $0.unwritten.remove(number) }
  }

  private func write(_ refusal: AuditedRefusal) async {
    do {
      try await turnstile.pass { try await audit.recordRefusal(refusal) }
      state.change { $0.problem = nil }
    } catch {
      let (now, time) = (clock.now, wallClock())
      state.change { state in
        state.problem = "refused calls cannot be recorded in the audit trail: \(error)"
        state.ledger.notWritten(refusal, at: now, wallClock: time)
      }
      wake.yield()
      var facts = Self.facts(refusal)
      facts["cause"] = "\(error)"
      log.error("a refusal could not be written to the audit trail; it is tried again", metadata: facts)
    }
  }

  private static func facts(_ refusal: AuditedRefusal) -> Logger.Metadata {
    [
      "action": "\(refusal.action)", "reason": "\(refusal.error.reason.rawValue)",
      "caller": "\(refusal.caller.description)", "app": "\(refusal.app)", "target": "\(refusal.target)",
      "calls": "\(refusal.repetition?.count ?? 1)",
    ]
  }
}
