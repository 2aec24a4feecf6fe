import RollbackMessages
import Locking
import Testing

@testable import RollbackService

@Suite(.timeLimit(.minutes(1))) struct TurnstileTests {
  /// Tells of each entry, and lets nobody out before it is told to.
  private final class Room: Sendable {
    let entries: AsyncStream<Int>
    private let enter: AsyncStream<Int>.Continuation
    private let end: AsyncStream<Never>.Continuation
    private let closed: AsyncStream<Never>

    init() {
      (entries, enter) = AsyncStream.makeStream(of: Int.self)
      (closed, end) = AsyncStream.makeStream(of: Never.self)
    }

    func stay(_ number: Int) async {
      enter.yield(number)
      for await _ in closed {}
    }

    func open() { end.finish() }
  }

  @Test func `one passes, some wait, one more is refused, and who is cancelled leaves the line`() async throws {
    let turnstile = Turnstile(width: 1, maximumWaiters: 2, refusal: "later")
    let room = Room()
    var entries = room.entries.makeAsyncIterator()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await turnstile.pass { await room.stay(1) } }
      #expect(await entries.next() == 1)
      let leaver = Task { try await turnstile.pass {} }
      leaver.cancel()
      await #expect(throws: CancellationError.self) { try await leaver.value }
      // Those who wait cannot be seen, so everybody asks until somebody is refused.
      let (refusals, refuse) = AsyncStream.makeStream(of: ServiceError.self)
      for number in 2...4 {
        group.addTask {
          do { try await turnstile.pass { await room.stay(number) } } catch let error as ServiceError {
            refuse.yield(error)
          }
        }
      }
      var refused = refusals.makeAsyncIterator()
      let error = await refused.next()
      #expect(error?.reason == .resourceExhausted && error?.message == "later")
      room.open()
      try await group.waitForAll()
      #expect(await entries.next() != nil)
      #expect(await entries.next() != nil)
    }
    // It is free again.
    try await turnstile.pass {}
  }

  @Test func `the chain is verified by one caller at a time`() async throws {
    try await Harness.run { harness in
      harness.database.freeze("verify")
      let service = harness.service
      let (refusals, refuse) = AsyncStream.makeStream(of: ServiceError.self)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<10 {
          group.addTask {
            do { _ = try await service.verifyAudit(VerifyAuditRequest(), from: Harness.operatorCaller) } catch let error
              as ServiceError
            { refuse.yield(error) }
          }
        }
        var refused = refusals.makeAsyncIterator()
        #expect(await refused.next()?.reason == .resourceExhausted)
        #expect(harness.database.calls.filter { $0 == "verify" }.count == 1)
        harness.database.thaw("verify")
        try await group.waitForAll()
      }
      #expect(harness.database.calls.filter { $0 == "verify" }.count == 9)
    }
  }
}
