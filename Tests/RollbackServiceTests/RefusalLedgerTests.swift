import RollbackMessages
import Testing

@testable import RollbackService

@Suite struct RefusalLedgerTests {
  private let start = ContinuousClock.now

  private func refusal(
    user: UInt32 = 4000, action: String = "access.denied", reason: ErrorReason = .notPermitted, app: String = ""
  ) -> AuditedRefusal {
    AuditedRefusal(
      action: action, caller: Caller(processID: 9, userID: user, groupID: user), actorID: nil, app: app, target: "",
      error: ServiceError(reason, "no"), requestID: "")
  }

  /// Refuses `count` calls at `seconds` and returns how many of them are written at once.
  private func refuse(
    _ count: Int, at seconds: Int64, _ ledger: inout RefusalLedger, _ refusal: AuditedRefusal? = nil
  ) -> Int {
    var written = 0
    for _ in 0..<count {
      let decision = ledger.refused(
        refusal ?? self.refusal(), at: start.advanced(by: .seconds(seconds)), wallClock: Timestamp(seconds: seconds))
      if decision == .write { written += 1 }
    }
    return written
  }

  private func due(at seconds: Int64, _ ledger: inout RefusalLedger) -> [AuditedRefusal.Repetition?] {
    ledger.due(at: start.advanced(by: .seconds(seconds))).map(\.repetition)
  }

  @Test func `the first of a minute are written each, and nothing is due`() {
    var ledger = RefusalLedger()
    #expect(refuse(20, at: 0, &ledger) == 20)
    #expect(ledger.deadline == nil)
    // Another minute, another twenty.
    #expect(refuse(20, at: 60, &ledger) == 20)
  }

  @Test func `a flood becomes one row with its count and times`() {
    var ledger = RefusalLedger()
    #expect(refuse(1000, at: 5, &ledger) == 20)
    #expect(refuse(1, at: 50, &ledger) == 0)
    #expect(ledger.deadline == start.advanced(by: .seconds(65)))
    #expect(due(at: 64, &ledger).isEmpty)
    #expect(
      due(at: 65, &ledger) == [
        .init(count: 981, first: Timestamp(seconds: 5), last: Timestamp(seconds: 50))
      ])
    #expect(ledger.deadline == nil)
  }

  @Test func `a flood that goes on costs two rows in ten minutes`() {
    var ledger = RefusalLedger()
    _ = refuse(100, at: 0, &ledger)
    _ = due(at: 60, &ledger)
    var rows = 0
    for second in stride(from: Int64(61), to: 3661, by: 1) {
      rows += refuse(10, at: second, &ledger)
      rows += due(at: second, &ledger).count
    }
    #expect(rows <= 13)
    // Quiet for a whole span: the next is written as the first was.
    _ = due(at: 5000, &ledger)
    #expect(refuse(1, at: 9000, &ledger) == 1)
    #expect(ledger.deadline == nil)
  }

  @Test func `kinds do not stand in each other's way`() {
    var ledger = RefusalLedger()
    _ = refuse(100, at: 0, &ledger)
    #expect(refuse(1, at: 1, &ledger, refusal(user: 5000)) == 1)
    #expect(refuse(1, at: 1, &ledger, refusal(action: "deploy.rollback.refused", reason: .conflict, app: "a")) == 1)
    #expect(refuse(1, at: 1, &ledger, refusal(action: "deploy.rollback.refused", reason: .notFound, app: "a")) == 1)
  }

  @Test func `made-up apps and users are bounded`() {
    var ledger = RefusalLedger()
    var written = 0
    for app in 0..<5000 {
      let refusal = refusal(action: "deploy.rollback.refused", reason: .notFound, app: "app-\(app)")
      written += refuse(1, at: 0, &ledger, refusal)
    }
    #expect(written <= 16 + 20)
    for user in 0..<5000 { written += refuse(1, at: 0, &ledger, refusal(user: UInt32(10_000 + user))) }
    #expect(written <= 16 + 20 + 64 + 20)
    let rows = due(at: 60, &ledger).compactMap { $0?.count }
    #expect(rows.count <= 2 + 2)
    #expect(rows.reduce(0, +) == UInt64(10_000 - written))
  }

  @Test func `what could not be written is tried again, with all it stands for`() {
    var ledger = RefusalLedger()
    #expect(refuse(1, at: 0, &ledger) == 1)
    ledger.notWritten(refusal(), at: start, wallClock: Timestamp(seconds: 0))
    #expect(ledger.deadline == start.advanced(by: .seconds(15)))
    let rows = ledger.due(at: start.advanced(by: .seconds(15)))
    #expect(rows.map(\.repetition?.count) == [1])
    ledger.notWritten(rows[0], at: start.advanced(by: .seconds(15)), wallClock: Timestamp(seconds: 15))
    #expect(refuse(2, at: 16, &ledger) == 2)
    #expect(ledger.drain().map(\.repetition?.count) == [1])
    #expect(ledger.drain().isEmpty)
  }

  @Test func `what could not be written once is no flood`() {
    var ledger = RefusalLedger()
    #expect(refuse(1, at: 0, &ledger) == 1)
    ledger.notWritten(refusal(), at: start, wallClock: Timestamp(seconds: 0))
    #expect(due(at: 15, &ledger).count == 1)
    #expect(refuse(5, at: 16, &ledger) == 5, "the next are written each, as the first was")
    #expect(ledger.deadline == nil)
  }

  @Test func `a flood whose row could not be written stays one`() {
    var ledger = RefusalLedger()
    _ = refuse(100, at: 0, &ledger)
    let rows = ledger.due(at: start.advanced(by: .seconds(60)))
    ledger.notWritten(rows[0], at: start.advanced(by: .seconds(60)), wallClock: Timestamp(seconds: 60))
    #expect(due(at: 75, &ledger).count == 1)
    #expect(refuse(10, at: 76, &ledger) == 1)
  }
}
