import Testing

@testable import RollbackService

@Suite(.timeLimit(.minutes(1))) struct AuditBellTests {
  @Test func `a ring before the wait is not missed`() async {
    let bell = AuditBell()
    let rings = bell.rings
    bell.ring()
    await bell.wait(past: rings)
  }

  @Test func `a ring wakes all who wait`() async {
    let bell = AuditBell()
    let rings = bell.rings
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<100 { group.addTask { await bell.wait(past: rings) } }
      bell.ring()
    }
  }

  @Test func `a cancelled follower leaves`() async {
    let bell = AuditBell()
    let task = Task { await bell.wait(past: bell.rings) }
    task.cancel()
    await task.value
  }

  @Test func `a listener is wanted as long as somebody follows`() async {
    let bell = AuditBell()
    await bell.waitUntil(followed: false)
    await bell.followed {
      await bell.waitUntil(followed: true)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await bell.waitUntil(followed: false) }
        // Not yet: the one that waits is ended by cancellation.
        group.cancelAll()
      }
    }
    await bell.waitUntil(followed: false)
  }
}
