import RollbackMessages
import RolloutCore
import Synchronization
import Testing

@testable import RollbackService

@Suite struct RollbackTests {
  /// v1 and v2 went live, v3 runs.
  private func history(_ harness: Harness) {
    harness.database.addApp("hello")
    harness.database.addDeploy("r/hello:v1", .superseded)
    harness.database.addDeploy("r/hello:v2", .superseded)
    harness.database.addDeploy("r/hello:v3", .live, current: true)
  }

  @Test func `a rollback restores the last known good image and is recorded once`() async throws {
    try await Harness.run { harness in
      history(harness)
      let frames = try await harness.rollback()
      #expect(frames.accepted?.target?.imageRef == "r/hello:v2")
      #expect(frames.accepted?.from?.imageRef == "r/hello:v3")
      #expect(frames.accepted?.deploy?.status == .deploying)
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.finished?.deploy?.status == .live)
      #expect(frames.map(\.seq) == frames.map(\.seq).sorted())
      #expect(harness.cluster.effectivePatches == 1)
      #expect(harness.database.actions == ["deploy.rollback", "deploy.rollback.succeeded"])
    }
  }

  @Test func `the same request id joins the operation and does nothing twice`() async throws {
    try await Harness.run { harness in
      history(harness)
      let id = "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60"
      let first = try await harness.rollback(options: RolloutOptions(requestID: id, soak: .zero))
      let second = try await harness.rollback(options: RolloutOptions(requestID: id.uppercased(), soak: .zero))
      #expect(second.accepted?.joined == true)
      #expect(second.finished?.deploy?.id == first.finished?.deploy?.id)
      #expect(harness.cluster.effectivePatches == 1)
      #expect(harness.database.actions.count == 2)
    }
  }

  @Test func `what runs already is said so, and nothing is done`() async throws {
    try await Harness.run(running: "r/hello:v3") { harness in
      history(harness)
      let frames = try await harness.rollback(to: "current")
      #expect(frames.finished?.outcome == .alreadyCurrent)
      #expect(harness.database.actions.isEmpty)
      #expect(harness.cluster.effectivePatches == 0)
    }
  }

  @Test func `a lost answer to the patch is resolved by reading: one effective patch`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      harness.cluster.state.withLock {
        $0.patchAnswers = [.unknown("connection reset")]
        $0.appliesAnyway = true
      }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(harness.cluster.effectivePatches == 1)
    }
  }

  @Test func `a conflict of the patch is read and decided again`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      harness.cluster.state.withLock { $0.patchAnswers = [.conflict("newer"), .conflict("newer")] }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(harness.cluster.effectivePatches == 1)
    }
  }

  @Test func `a patch that is refused for good fails with the server's words`() async throws {
    try await Harness.run { harness in
      history(harness)
      harness.cluster.state.withLock { $0.patchAnswers = [.refused("admission webhook says no")] }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .failed)
      #expect(frames.finished?.message.contains("admission webhook says no") == true)
      #expect(harness.database.actions.last == "deploy.rollback.failed")
    }
  }

  @Test func `a deploy on top ends as superseded`() async throws {
    try await Harness.run(course: .supersededBy("r/hello:v4")) { harness in
      history(harness)
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .superseded)
      #expect(frames.finished?.message.contains("r/hello:v4") == true)
    }
  }

  @Test func `the outcome is held while the database is away, and written once`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      harness.database.state.withLock { $0.outages["finish"] = 3 }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(harness.database.actions == ["deploy.rollback", "deploy.rollback.succeeded"])
      #expect(harness.database.calls.count { $0 == "finish" } == 4)
    }
  }

  @Test func `an operation without a living holder is taken over and finished`() async throws {
    let clock = HeldClock()
    try await Harness.run(clock: clock) { harness in
      history(harness)
      let orphan = harness.database.addDeploy("r/hello:v2", .deploying)
      harness.database.state.withLock { state in
        let last = state.rows.count - 1
        state.rows[last].plan = OperationPlan(
          image: "r/hello:v2", requestID: "", isRollback: true, timeout: 600_000_000, soak: 0, failFast: true,
          fromDeployID: "", targetDeployID: "20000000-0000-4000-8000-000000000000", actorID: nil)
        state.rows[last].isExpired = true
      }
      // The next looks for orphans; time moves only until the operation is over.
      while harness.database.actions.isEmpty {
        clock.advance(by: .seconds(1))
        for _ in 0..<200 where harness.database.actions.isEmpty { await Task.yield() }
      }
      let frames = FrameCollector()
      try await harness.service.watchDeploy(WatchDeployRequest(deploy: orphan.id), from: Harness.operatorCaller) {
        frames.add($0)
      }
      #expect(frames.all.finished?.outcome == .succeeded)
      #expect(harness.cluster.effectivePatches == 1)
      #expect(harness.database.actions == ["deploy.rollback.succeeded"])
    }
  }

  @Test func `a daemon that stops hands its leases over before it ends`() async throws {
    try await Harness.run { harness in
      history(harness)
      let error = await #expect(throws: ServiceError.self) {
        try await harness.service.rollback(
          RollbackRequest(app: "hello", options: RolloutOptions(soak: .seconds(60))), from: Harness.operatorCaller
        ) { _ in harness.service.stop() }
      }
      #expect(error?.reason == .unavailable)
      let id = try #require(harness.database.newest?.deploy.id)
      #expect(harness.database.released == [id])
      #expect(harness.service.runningOperations == 0)
    }
  }

  @Test func `a caller that leaves ends the watching, never the rollout`() async throws {
    struct CallerLeft: Error {}
    try await Harness.run { harness in
      history(harness)
      await #expect(throws: CallerLeft.self) {
        try await harness.service.rollback(
          RollbackRequest(app: "hello", options: RolloutOptions(soak: .zero)), from: Harness.operatorCaller
        ) { _ in throw CallerLeft() }
      }
      let id = try #require(harness.database.newest?.deploy.id)
      let frames = FrameCollector()
      try await harness.service.watchDeploy(WatchDeployRequest(deploy: id), from: Harness.operatorCaller) {
        frames.add($0)
      }
      #expect(frames.all.finished?.outcome == .succeeded)
    }
  }
}
