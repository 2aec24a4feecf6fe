import Testing

@testable import RollbackService

@Suite(.timeLimit(.minutes(1))) struct MonitorTests {
  private let monitor = Monitor(0)

  @Test func `a condition that is met already does not suspend`() async {
    monitor.change { $0 = 3 }
    await monitor.wait { $0 == 3 }
    #expect(monitor.waiting == 0)
  }

  @Test func `a change resumes all whose condition it meets, and nobody else`() async {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<100 { group.addTask { await monitor.wait { $0 >= 1 } } }
      group.addTask { await monitor.wait { $0 >= 2 } }
      await waiting(101)
      monitor.change { $0 = 1 }
      #expect(monitor.waiting == 1)
      monitor.change { $0 = 1 }
      #expect(monitor.waiting == 1)
      monitor.change { $0 = 2 }
    }
    #expect(monitor.waiting == 0)
  }

  @Test func `reading resumes nobody, and a change returns what its body does`() async {
    let waiter = Task { await monitor.wait { $0 == 1 } }
    await waiting(1)
    #expect(monitor.read { $0 } == 0)
    #expect(monitor.waiting == 1)
    let result = monitor.change { value in
      value += 1
      return value
    }
    #expect(result == 1)
    await waiter.value
  }

  @Test func `a cancellation ends the wait of that task only`() async {
    let cancelled = Task { await monitor.wait { $0 == 1 } }
    let other = Task { await monitor.wait { $0 == 1 } }
    await waiting(2)
    cancelled.cancel()
    await cancelled.value
    #expect(monitor.waiting == 1)
    monitor.change { $0 = 1 }
    await other.value
  }

  @Test func `a wait with a deadline ends at it, or when its condition is met, and leaves nobody behind`() async {
    let clock = HeldClock()
    let late = Task { await monitor.wait(until: clock.now.advanced(by: .seconds(5)), clock: clock) { $0 == 1 } }
    let early = Task { await monitor.wait(until: clock.now.advanced(by: .seconds(9)), clock: clock) { $0 == 2 } }
    await waiting(2)
    monitor.change { $0 = 2 }
    await early.value
    #expect(monitor.waiting == 1)
    clock.advance(by: .seconds(5))
    await late.value
    #expect(monitor.waiting == 0)
  }

  @Test func `a cancellation before the wait is not lost`() async {
    await withTaskGroup(of: Void.self) { group in
      group.cancelAll()
      group.addTask { await monitor.wait { _ in false } }
    }
    #expect(monitor.waiting == 0)
  }

  /// The change and the cancellation race for each waiter: one that neither resumes would hang the test.
  @Test func `whatever comes first ends a wait, once`() async {
    for round in 1...200 {
      await withTaskGroup(of: Void.self) { group in
        let waiters = (0..<8).map { _ in Task { await monitor.wait { $0 >= round } } }
        group.addTask { monitor.change { $0 = round } }
        group.addTask { for waiter in waiters { waiter.cancel() } }
        for waiter in waiters { await waiter.value }
      }
    }
    #expect(monitor.waiting == 0)
  }

  private func waiting(_ count: Int) async {
    while monitor.waiting < count { await Task.yield() }
  }
}
