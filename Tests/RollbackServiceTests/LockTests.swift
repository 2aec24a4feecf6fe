import Locking
import RollbackMessages
import Testing

@testable import RollbackService

/// What a call does about a deploy that is under way: refuse, wait for its end, or take its place.
@Suite(.timeLimit(.minutes(1))) struct LockTests {
  /// v2 runs by the record, and v3 is being deployed on another host.
  private func busy(_ harness: Harness, plan: OperationPlan? = nil) -> DeployRecord {
    harness.database.addApp("hello")
    harness.database.addDeploy("r/hello:v1", .superseded)
    harness.database.addDeploy("r/hello:v2", .live, current: true)
    let running = harness.database.addDeploy("r/hello:v3", .deploying)
    harness.database.state.withLock { $0.rows[$0.rows.count - 1].plan = plan }
    return running
  }

  private func end(_ deploy: DeployRecord, _ harness: Harness, as status: DeployStatus = .failed) {
    harness.database.state.withLock { state in
      guard let index = state.rows.firstIndex(where: { $0.deploy.id == deploy.id }) else { return }
      state.rows[index].deploy.status = status
    }
    harness.database.tell(.ended(deployID: deploy.id, appID: "11111111-0000-4000-8000-000000000000"))
  }

  @Test func `a conflict says who, where, how long and how far`() async throws {
    try await Harness.run { harness in
      let plan = OperationPlan(
        image: "r/hello:v3", requestID: "", isRollback: false, timeout: 1, soak: 0, failFast: true, fromDeployID: "",
        targetDeployID: "", actorID: nil, peer: "root (uid 0)")
      let running = busy(harness, plan: plan)
      harness.database.state.withLock { state in
        state.rows[state.rows.count - 1].frames = [
          RolloutFrame(seq: 2, kind: .progress(RolloutProgress(message: "1 of 2 new replicas have been updated")))
        ]
      }
      let refusal = await harness.refusal()
      #expect(refusal?.reason == .conflict)
      #expect(
        refusal?.message == """
          deploy \(running.id.prefix(8)) (r/hello:v3) of app hello is in progress: begun by root (uid 0) 7s ago on other, \
          1 of 2 new replicas have been updated; watch it with rollbackctl watch \(running.id.prefix(8)), or take its \
          place with --cancel-running
          """)
      #expect(refusal?.details["actor"] == "root (uid 0)")
      #expect(refusal?.details["age"] == "7s")
      #expect(refusal?.details["age_seconds"] == "7.000")
      #expect(refusal?.details["progress"] == "1 of 2 new replicas have been updated")
    }
  }

  @Test func `a call that waits goes on when the deploy ends, and decides afresh`() async throws {
    try await Harness.run(running: "r/hello:v3") { harness in
      let running = busy(harness)
      let frames = FrameCollector()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await harness.service.rollback(
            RollbackRequest(app: "hello", options: RolloutOptions(soak: .zero, waitForLock: .seconds(60))),
            from: Harness.operatorCaller
          ) { frames.add($0) }
        }
        while harness.database.calls.filter({ $0 == "situation" }).isEmpty { await Task.yield() }
        end(running, harness)
        try await group.waitForAll()
      }
      #expect(frames.all.finished?.outcome == .succeeded)
      #expect(frames.all.accepted?.target?.imageRef == "r/hello:v2")
      #expect(harness.database.actions == ["deploy.rollback", "deploy.rollback.succeeded"])
    }
  }

  @Test func `what the end has changed is refused after the wait as it would be before`() async throws {
    try await Harness.run(running: "r/hello:v3") { harness in
      let running = busy(harness)
      let refusal = Shared<ServiceError?>(nil)
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          let error = await harness.refusal(
            options: RolloutOptions(soak: .zero, expectCurrent: "20000000", waitForLock: .seconds(60)))
          refusal.set(error)
        }
        while harness.database.calls.filter({ $0 == "situation" }).isEmpty { await Task.yield() }
        harness.database.state.withLock { state in
          state.rows[1].deploy.current = false
          state.rows[1].deploy.status = .superseded
          state.rows[2].deploy.current = true
        }
        end(running, harness, as: .live)
        await group.waitForAll()
      }
      #expect(refusal.value?.reason == .expectationFailed)
    }
  }

  /// It takes a second to ask a registry: time enough for a whole deploy to come and go.
  @Test func `a deploy that comes and goes while all is checked is seen before anything is written`() async throws {
    try await Harness.run(running: "r/hello:v3") { harness in
      harness.database.addApp("hello")
      harness.database.addDeploy("r/hello:v2", .superseded)
      let current = harness.database.addDeploy("r/hello:v3", .live, current: true)
      harness.database.state.withLock { state in
        state.meanwhile = { state in
          state.rows[1].deploy.current = false
          state.rows[1].deploy.status = .superseded
          let newer = DeployRecord(
            id: "90000000-0000-4000-8000-000000000000", app: "hello", imageRef: "r/hello:v4", status: .live,
            createdAt: Timestamp(seconds: 900), timeToReady: .seconds(1), current: true)
          state.rows.append(FakeDatabase.Row(deploy: newer))
        }
      }
      let refusal = await harness.refusal(options: RolloutOptions(soak: .zero, expectCurrent: current.id))
      #expect(refusal?.reason == .expectationFailed)
      #expect(harness.database.actions == ["deploy.rollback.refused:expectation_failed"])
      #expect(harness.database.calls.filter { $0 == "situation" }.count == 2)
    }
  }

  @Test func `when the time is over the conflict names the holder, and is audited once`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      _ = busy(harness)
      let refusal = await harness.refusal(options: RolloutOptions(soak: .zero, waitForLock: .seconds(60)))
      #expect(refusal?.reason == .conflict)
      #expect(refusal?.message.hasPrefix("waited 60s, and still deploy 30000000 (r/hello:v3)") == true)
      // The second that an answer waits for its row is skipped like every other.
      while harness.database.actions.isEmpty { await Task.yield() }
      #expect(harness.database.actions == ["deploy.rollback.refused:conflict"])
    }
  }

  @Test func `a caller that leaves while it waits has begun nothing`() async throws {
    try await Harness.run { harness in
      let running = busy(harness)
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          _ = await harness.refusal(options: RolloutOptions(soak: .zero, waitForLock: .seconds(60)))
        }
        while harness.database.calls.filter({ $0 == "situation" }).isEmpty { await Task.yield() }
        group.cancelAll()
        await group.waitForAll()
      }
      end(running, harness)
      #expect(harness.database.actions.isEmpty)
      #expect(harness.cluster.effectivePatches == 0)
    }
  }

  @Test func `waiting and taking the place exclude each other, and the wait has bounds`() async throws {
    try await Harness.run { harness in
      _ = busy(harness)
      let both = await harness.refusal(options: RolloutOptions(waitForLock: .seconds(1), cancelRunning: true))
      #expect(both?.reason == .invalidArgument)
      let long = await harness.refusal(options: RolloutOptions(waitForLock: .seconds(3601)))
      #expect(long?.reason == .invalidArgument)
    }
  }

  @Test func `taking the place ends the other with its outcome and begins, in one step`() async throws {
    try await Harness.run(running: "r/hello:v3") { harness in
      let running = busy(harness)
      let frames = try await harness.rollback(
        options: RolloutOptions(reason: "hangs", soak: .zero, cancelRunning: true))
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.accepted?.target?.imageRef == "r/hello:v2")
      #expect(
        harness.database.actions == [
          "deploy.cancel", "deploy.create.cancelled", "deploy.rollback", "deploy.rollback.succeeded",
        ])
      let watched = FrameCollector()
      try await harness.service.watchDeploy(WatchDeployRequest(deploy: running.id), from: Harness.operatorCaller) {
        watched.add($0)
      }
      #expect(watched.all.finished?.outcome == .cancelled)
      #expect(watched.all.finished?.message.contains("takes its place") == true)
    }
  }

  @Test func `a holder on this host whose place is taken stops, and its watchers are told`() async throws {
    try await Harness.run(running: "r/hello:v2", course: .never) { harness in
      harness.database.addApp("hello")
      harness.database.addDeploy("r/hello:v2", .live, current: true)
      let old = FrameCollector()
      let second = FrameCollector()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await harness.service.deploy(
            DeployRequest(app: "hello", image: "r/hello:v3", options: RolloutOptions(soak: .zero)),
            from: Harness.operatorCaller
          ) { old.add($0) }
        }
        while harness.cluster.effectivePatches == 0 { await Task.yield() }
        group.addTask {
          try await harness.service.deploy(
            DeployRequest(app: "hello", image: "r/hello:v4", options: RolloutOptions(soak: .zero, cancelRunning: true)),
            from: Harness.operatorCaller
          ) { second.add($0) }
        }
        while harness.cluster.effectivePatches < 2 { await Task.yield() }
        let id = try #require(second.all.accepted?.deploy?.id)
        _ = try await harness.service.cancelDeploy(CancelDeployRequest(deploy: id), from: Harness.operatorCaller)
        // The first one's watcher looks into the store from time to time.
        while old.all.finished == nil {
          harness.clock.advance(by: .milliseconds(500))
          for _ in 0..<100 { await Task.yield() }
        }
        try await group.waitForAll()
      }
      #expect(old.all.finished?.outcome == .cancelled)
      #expect(harness.cluster.effectivePatches == 2)
      #expect(harness.database.actions.filter { $0 == "deploy.create.cancelled" }.count == 2)
    }
  }
}

@Suite struct WaitingLineTests {
  @Test func `only the first tries, and the next when it left`() {
    let line = WaitingLine()
    let first = line.join("a")
    let second = line.join("a")
    let other = line.join("b")
    #expect(line.isFirst(first) && !line.isFirst(second) && line.isFirst(other))
    line.leave(first)
    #expect(line.isFirst(second))
    line.leave(first)
    #expect(line.isFirst(second), "leaving twice is leaving once")
  }
}

@Suite(.timeLimit(.minutes(1))) struct SignalBoardTests {
  @Test func `news that came before the wait are not missed, and are told once`() async {
    let board = SignalBoard()
    let clock = HeldClock()
    let watch = board.watch(.deploy("x"))
    board.ring(.deploy("x"))
    board.ring(.deploy("y"))
    await watch.wait(until: clock.now.advanced(by: .seconds(60)), clock: clock)
    let waiting = Task { await watch.wait(until: clock.now.advanced(by: .seconds(60)), clock: clock) }
    board.ringAll()
    await waiting.value
    board.end(watch)
  }

  @Test func `a wait ends with its time, and with its task`() async {
    let board = SignalBoard()
    let clock = HeldClock()
    let watch = board.watch(.orphans)
    await watch.wait(until: clock.now, clock: clock)
    let waiting = Task { await watch.wait(until: clock.now.advanced(by: .seconds(60)), clock: clock) }
    waiting.cancel()
    await waiting.value
    board.end(watch)
  }
}
