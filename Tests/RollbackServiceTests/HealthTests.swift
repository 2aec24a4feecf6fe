import RollbackMessages
import Testing

@testable import RollbackService

@Suite(.timeLimit(.minutes(1))) struct HealthTests {
  private func state(_ dependencies: FakeHealth) async throws -> ComponentState? {
    var state: ComponentState?
    try await Harness.run(dependencies: dependencies) { harness in
      state = try await harness.service.health(GetHealthRequest(), from: Harness.administrator).state
    }
    return state
  }

  @Test func `without the database nothing can be accepted, so the daemon is down`() async throws {
    #expect(try await state(FakeHealth()) == .ok)
    #expect(try await state(FakeHealth(databaseState: .degraded)) == .degraded)
    #expect(try await state(FakeHealth(databaseState: .down)) == .down)
  }

  @Test func `without the API server the daemon works in part`() async throws {
    #expect(try await state(FakeHealth(clusterState: .down)) == .degraded)
  }

  @Test func `a database that stands still does not hold the answer up`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      harness.database.freeze("running")
      let health = try await harness.service.health(GetHealthRequest(), from: Harness.administrator)
      #expect(health.running.isEmpty)
    }
  }
}
