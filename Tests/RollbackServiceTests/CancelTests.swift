import Locking
import RollbackMessages
import Testing

@testable import RollbackService

/// Ending a deploy that is under way: where it runs, on another host, or nowhere.
@Suite(.timeLimit(.minutes(1))) struct CancelTests {
  private func history(_ harness: Harness) {
    harness.database.addApp("hello")
    harness.database.addDeploy("r/hello:v2", .live, current: true)
  }

  /// Begins a deploy that never becomes ready, and runs `body` when it is patched.
  private func withHangingDeploy(
    _ harness: Harness, options: RolloutOptions = RolloutOptions(soak: .zero),
    _ body: @escaping @Sendable (String) async throws -> Void
  ) async throws -> [RolloutFrame] {
    let frames = FrameCollector()
    let isCalled = Shared(false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (patched, signal) = AsyncStream.makeStream(of: String.self)
      group.addTask {
        try await harness.service.deploy(
          DeployRequest(app: "hello", image: "r/hello:v3", options: options), from: Harness.operatorCaller
        ) { frame in
          frames.add(frame)
          guard case .progress? = frame.kind, let id = frames.all.accepted?.deploy?.id else { return }
          if !isCalled.set(true) { signal.yield(id) }
        }
      }
      for await id in patched {
        try await body(id)
        break
      }
      try await group.waitForAll()
    }
    return frames.all
  }

  private func cancel(
    _ harness: Harness, _ id: String, reason: String = "wrong image", from caller: Caller = Harness.operatorCaller
  ) async throws -> CancelDeployResponse {
    try await harness.service.cancelDeploy(CancelDeployRequest(deploy: id, reason: reason), from: caller)
  }

  private func refusal(_ harness: Harness, _ id: String) async -> ServiceError? {
    do {
      _ = try await cancel(harness, id)
      return nil
    } catch {
      return error as? ServiceError
    }
  }

  @Test func `on the host that runs it: ended, audited, and said what is left`() async throws {
    try await Harness.run(running: "r/hello:v2", course: .never) { harness in
      history(harness)
      let answer = Shared<CancelDeployResponse?>(nil)
      let frames = try await withHangingDeploy(harness) { id in
        let response = try await cancel(harness, id)
        answer.set(response)
      }
      let response = try #require(answer.value)
      #expect(response.deploy?.status == .cancelled)
      #expect(response.leftOn.contains("image r/hello:v3, which the cluster goes on rolling out"))
      #expect(frames.finished?.outcome == .cancelled)
      #expect(
        frames.finished?.message
          == "cancelled by ops@example (\"wrong image\"); the cluster is left on the new image and goes on rolling it out"
      )
      #expect(harness.database.actions == ["deploy.create", "deploy.cancel", "deploy.create.cancelled"])
      #expect(harness.database.state.withLock { $0.outcomes.last?.auditDetails["cancelled_by"] } == "ops@example")
      #expect(harness.cluster.effectivePatches == 1)
    }
  }

  @Test func `the renewal of the lease tells of it where no notification comes`() async throws {
    let clock = HeldClock()
    try await Harness.run(running: "r/hello:v2", course: .never, clock: clock) { harness in
      history(harness)
      let frames = try await withHangingDeploy(harness) { id in
        harness.database.state.withLock { state in
          state.rows[state.rows.count - 1].cancellation = Cancellation(by: "host-b's user", actorID: nil, reason: "")
        }
        // A third of the lease.
        while !harness.database.actions.contains("deploy.create.cancelled") {
          clock.advance(by: .seconds(1))
          for _ in 0..<200 where !harness.database.actions.contains("deploy.create.cancelled") { await Task.yield() }
        }
      }
      #expect(frames.finished?.outcome == .cancelled)
      #expect(frames.finished?.message.hasPrefix("cancelled by host-b's user;") == true)
    }
  }

  @Test func `who takes over carries the wish out, and patches nothing for it`() async throws {
    let clock = HeldClock()
    try await Harness.run(running: "r/hello:v2", clock: clock) { harness in
      history(harness)
      let orphan = harness.database.addDeploy("r/hello:v3", .deploying)
      harness.database.state.withLock { state in
        let last = state.rows.count - 1
        state.rows[last].plan = OperationPlan(
          image: "r/hello:v3", requestID: "", isRollback: false, timeout: 600_000_000, soak: 0, failFast: true,
          fromDeployID: "", targetDeployID: "", actorID: nil, previousImage: "r/hello:v2")
        state.rows[last].cancellation = Cancellation(by: "ops", actorID: nil, reason: "")
        state.rows[last].isExpired = true
      }
      harness.database.tell(.released(deployID: orphan.id))
      while harness.database.actions.isEmpty { await Task.yield() }
      let frames = FrameCollector()
      try await harness.service.watchDeploy(WatchDeployRequest(deploy: orphan.id), from: Harness.operatorCaller) {
        frames.add($0)
      }
      #expect(frames.all.finished?.outcome == .cancelled)
      #expect(frames.all.finished?.leftOn == "image r/hello:v2, as before; nothing was changed")
      #expect(harness.cluster.effectivePatches == 0)
      #expect(harness.cluster.state.withLock { $0.fenced } == [orphan.id], "the lost holder's patch comes in vain")
      #expect(harness.database.actions == ["deploy.create.cancelled"])
    }
  }

  @Test func `a row of another program is ended at once, audited`() async throws {
    try await Harness.run(running: "r/hello:v2") { harness in
      history(harness)
      let foreign = harness.database.addDeploy("r/hello:building", .building)
      harness.database.state.withLock { $0.rows[$0.rows.count - 1].host = nil }
      let refusal = await harness.refusal()
      #expect(refusal?.reason == .conflict)
      #expect(refusal?.message.contains("by another program of the platform") == true)
      #expect(refusal?.message.contains("rollbackctl cancel \(foreign.id.prefix(8)) ends it") == true)
      let response = try await cancel(harness, foreign.id)
      #expect(response.deploy?.status == .cancelled)
      #expect(response.leftOn == "image r/hello:v2")
      #expect(harness.database.actions.suffix(2) == ["deploy.cancel", "deploy.create.cancelled"])
    }
  }

  @Test func `an ended deploy, an unknown one and nonsense are refused, and that is audited`() async throws {
    try await Harness.run { harness in
      history(harness)
      let live = await refusal(harness, "10000000-0000-4000-8000-000000000000")
      #expect(live?.reason == .expectationFailed)
      #expect(live?.message.contains("is not running: it ended and is live") == true)
      #expect(await refusal(harness, "99999999-0000-4000-8000-000000000000")?.reason == .notFound)
      #expect(await refusal(harness, "zzz")?.reason == .invalidArgument)
      #expect(
        harness.database.actions == [
          "deploy.cancel.refused:expectation_failed", "deploy.cancel.refused:not_found",
          "deploy.cancel.refused:invalid_argument",
        ])
    }
  }

  @Test func `a holder that does nothing is not waited for without end`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      let elsewhere = harness.database.addDeploy("r/hello:v3", .deploying)
      let error = await refusal(harness, elsewhere.id)
      #expect(error?.reason == .deadlineExceeded)
      #expect(error?.message.contains("written down") == true)
      #expect(harness.database.actions == ["deploy.cancel"])
    }
  }

  @Test func `what happens while the end is waited for is no refusal`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      let elsewhere = harness.database.addDeploy("r/hello:v3", .deploying)
      harness.database.state.withLock { $0.outages["deploy"] = 1 }
      #expect(await refusal(harness, elsewhere.id)?.reason == .unavailable)
      #expect(harness.database.actions == ["deploy.cancel"])
    }
  }
}
