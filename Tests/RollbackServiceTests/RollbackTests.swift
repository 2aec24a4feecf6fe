import Locking
import RollbackMessages
import RolloutCore
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

  @Test func `a patch for which no credentials could be had is sent later`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      let hiccup = PatchAnswer.unsent("the credential plugin exited with 1")
      harness.cluster.state.withLock { $0.patchAnswers = [hiccup, hiccup, hiccup] }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(harness.cluster.effectivePatches == 1)
      #expect(harness.cluster.state.withLock { $0.fenced }.isEmpty)
    }
  }

  @Test(arguments: [true, false])
  func `an API server that asks for patience is told of, and asked again then`(isReading: Bool) async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      harness.cluster.state.withLock { state in
        state.patchAnswers = [isReading ? .conflict("newer") : .unknown("429", retryAfter: .seconds(2))]
        // The first is the call's own.
        if isReading { state.busyReads = [2] }
      }
      let frames = try await harness.rollback()
      let sentence = OperationNotice.apiServerBusy(.seconds(2)).sentence
      #expect(frames.contains { if case .progress(let it) = $0.kind { it.message == sentence } else { false } })
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.finished?.elapsed.map { $0 >= .seconds(2) } == true)
      #expect(harness.cluster.effectivePatches == 1)
    }
  }

  @Test(arguments: [
    ServiceError(.internal, "paas_environment_key is empty"),
    ServiceError(.internal, "the database refused a statement (server 42501)"),
  ])
  func `a rollback goes on where only the environments cannot be known`(failure: ServiceError) async throws {
    try await Harness.run { harness in
      history(harness)
      harness.database.state.withLock { $0.environmentFailure = failure }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.accepted?.warnings.contains { $0.code == "environment_changed" } == false)
      let plan = try await harness.service.planRollback(
        PlanRollbackRequest(app: "hello", target: "current"), from: Harness.operatorCaller)
      #expect(plan.target != nil)
    }
  }

  @Test func `a database that is away while the environment is asked for refuses all the same`() async throws {
    try await Harness.run { harness in
      history(harness)
      harness.database.state.withLock { $0.environmentFailure = ServiceError(.unavailable, "away") }
      #expect(await harness.refusal()?.reason == .unavailable)
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

  @Test func `an outcome whose commit was not answered is known as our own, however many frames came since`()
    async throws
  {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      harness.database.state.withLock { $0.lostAnswers = 1 }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(harness.database.actions == ["deploy.rollback", "deploy.rollback.succeeded"])
      // The first row is the intent's.
      #expect(harness.database.state.withLock { $0.heads } == [2])
    }
  }

  @Test func `what watchers were told is stored with the outcome, when it could not be before`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .milliseconds(100))) { harness in
      history(harness)
      harness.database.state.withLock { $0.outages["append"] = .max }
      let frames = try await harness.rollback()
      let stored = try #require(harness.database.newest).frames
      #expect(stored.accepted?.deploy?.id == frames.accepted?.deploy?.id && stored.accepted != nil)
      #expect(stored.finished?.outcome == .succeeded)
      #expect(stored.map(\.seq) == stored.map(\.seq).sorted())
    }
  }

  // MARK: The same call again

  @Test func `a request id that was another wish's is refused, and the same wish joins`() async throws {
    let id = "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60"
    try await Harness.run { harness in
      history(harness)
      let options = RolloutOptions(requestID: id, soak: .zero)
      let first = try await harness.rollback(options: options)
      let target = try #require(first.accepted?.target?.id)
      let again = try await harness.rollback(to: target, options: options)
      #expect(again.accepted?.joined == true && again.finished?.deploy?.id == first.finished?.deploy?.id)
      let other = await harness.refusal(to: "99999999-0000-4000-8000-000000000000", options: options)
      #expect(other?.reason == .invalidArgument)
      #expect(other?.message.contains("another wish needs another request_id") == true)
      let deploy = await #expect(throws: ServiceError.self) {
        try await harness.service.deploy(
          DeployRequest(app: "hello", image: "r/hello:v9", options: options), from: Harness.operatorCaller
        ) { _ in }
      }
      #expect(deploy?.reason == .invalidArgument)
      #expect(harness.cluster.effectivePatches == 1)
    }
  }

  @Test func `a forward deploy insists on what is current as a rollback does`() async throws {
    try await Harness.run { harness in
      history(harness)
      let options = RolloutOptions(soak: .zero, expectCurrent: "99999999")
      let error = await #expect(throws: ServiceError.self) {
        try await harness.service.deploy(
          DeployRequest(app: "hello", image: "r/hello:v9", options: options), from: Harness.operatorCaller
        ) { _ in }
      }
      #expect(error?.reason == .expectationFailed)
      #expect(harness.cluster.effectivePatches == 0)
    }
  }

  @Test(arguments: [(Bool?.some(true), true), (.some(false), false), (nil, false)])
  func `an autoscaler is warned of, whichever way it goes, and never in the way`(
    isAutoscaled: Bool?, warns: Bool
  ) async throws {
    try await Harness.run { harness in
      history(harness)
      harness.cluster.state.withLock { $0.isAutoscaled = isAutoscaled }
      let back = try await harness.rollback()
      #expect(back.accepted?.warnings.contains { $0.code == "autoscaler_active" } == warns)
      let frames = FrameCollector()
      try await harness.service.deploy(
        DeployRequest(app: "hello", image: "r/hello:v9", options: RolloutOptions(soak: .zero)),
        from: Harness.operatorCaller
      ) { frames.add($0) }
      #expect(frames.all.accepted?.warnings.contains { $0.code == "autoscaler_active" } == warns)
    }
  }

  // MARK: Takeover

  /// Every daemon was down for hours: what was wanted then is not done now, and what was done is not called late.
  @Test(arguments: [true, false])
  func `past its time an operation is not patched any more, and one that is in ends by what it came to`(
    isPatched: Bool
  ) async throws {
    let clock = HeldClock(skippingUpTo: .seconds(2))
    let database = FakeDatabase(clock: clock)
    let cluster = FakeCluster(image: "r/hello:v3")
    database.addApp("hello")
    database.addDeploy("r/hello:v3", .live, current: true)
    let orphan = database.addDeploy("r/hello:v2", .deploying)
    database.state.withLock { state in
      let last = state.rows.count - 1
      state.rows[last].plan = OperationPlan(
        image: "r/hello:v2", requestID: "", isRollback: true, timeout: 600_000_000, soak: 2_000_000, failFast: true,
        fromDeployID: "", targetDeployID: "20000000-0000-4000-8000-000000000000", actorID: nil,
        previousImage: "r/hello:v3")
      state.rows[last].age = .seconds(7 * 3600)
      state.rows[last].isExpired = true
    }
    if isPatched {
      cluster.state.withLock { state in
        state.deployment = FakeCluster.deployment(
          image: "r/hello:v2", generation: 2, annotations: [ImagePatch.deployIDAnnotation: orphan.id])
      }
    }
    try await Harness.run(database: database, cluster: cluster, clock: clock) { harness in
      let frames = FrameCollector()
      try await harness.service.watchDeploy(WatchDeployRequest(deploy: orphan.id), from: Harness.operatorCaller) {
        frames.add($0)
      }
      let end = frames.all.finished
      #expect(end?.outcome == (isPatched ? .succeeded : .timedOut))
      #expect(cluster.effectivePatches == 0)
      if !isPatched {
        #expect(
          end?.message
            == "its time of 10 min was over before the patch was in; nothing was changed in the cluster")
        #expect(end?.leftOn == "image r/hello:v3, as before; nothing was changed")
        #expect(cluster.state.withLock { $0.fenced } == [orphan.id])
      }
    }
  }

  /// This host stalls between the commit and its answer; its own search for orphans finds the lease run out.
  @Test(.timeLimit(.minutes(1))) func `an intent whose answer comes after its lease was claimed again runs once`()
    async throws
  {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      let database = harness.database
      database.state.withLock { state in
        state.beforeBeginAnswers = {
          let id = database.state.withLock { state in
            state.rows[state.rows.count - 1].plan?.previousImage = "r/hello:v3"
            state.rows[state.rows.count - 1].isExpired = true
            return state.rows[state.rows.count - 1].deploy.id
          }
          database.tell(.released(deployID: id))
          while harness.service.runningOperations == 0, database.actions.count < 2 { await Task.yield() }
        }
      }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(database.actions == ["deploy.rollback", "deploy.rollback.succeeded"])
      #expect(harness.cluster.effectivePatches == 1)
      while harness.service.runningOperations > 0 { await Task.yield() }
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
