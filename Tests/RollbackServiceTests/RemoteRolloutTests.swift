import Locking
import RollbackMessages
import Testing

@testable import RollbackService

/// Watching what runs on another host, which stores its frames.
@Suite(.timeLimit(.minutes(1))) struct RemoteRolloutTests {
  private static func frame(_ seq: UInt64, _ kind: RolloutFrame.Kind? = nil) -> RolloutFrame {
    let progress = RollbackMessages.RolloutProgress(phase: .rolling, message: "\(seq)", elapsed: .seconds(1))
    return RolloutFrame(seq: seq, at: Timestamp(seconds: Int64(seq)), kind: kind ?? .progress(progress))
  }

  private static let finished = RolloutFrame.Kind.finished(
    RolloutFinished(outcome: .succeeded, message: "it runs", target: .seconds(30), replicas: Replicas()))

  /// A deploy that another host carries out, and has stored the first frame of.
  private func deploy(_ harness: Harness) -> String {
    harness.database.addApp("hello")
    let id = harness.database.addDeploy("r/hello:v3", .deploying).id
    store(harness, id, Self.frame(1))
    return id
  }

  private func store(_ harness: Harness, _ id: String, _ frame: RolloutFrame, status: DeployStatus = .deploying) {
    harness.database.state.withLock { state in
      guard let index = state.rows.firstIndex(where: { $0.deploy.id == id }) else { return }
      state.rows[index].frames.append(frame)
      state.rows[index].deploy.status = status
    }
  }

  private func looks(_ harness: Harness) -> Int { harness.database.calls.filter { $0 == "frames" }.count }

  /// Waits until all of them have seen a frame of that number.
  private func wait(_ watchers: [FrameCollector], for seq: UInt64) async {
    for watcher in watchers {
      while watcher.all.last?.seq != seq { await Task.yield() }
    }
  }

  @Test func `however many watch, one reads`() async throws {
    try await Harness.run { harness in
      let id = deploy(harness)
      let watchers = (0..<100).map { _ in FrameCollector() }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for watcher in watchers {
          group.addTask {
            try await harness.service.watchDeploy(WatchDeployRequest(deploy: id), from: Harness.operatorCaller) {
              watcher.add($0)
            }
          }
        }
        await wait(watchers, for: 1)
        while harness.service.remote.watchers(of: id) < watchers.count { await Task.yield() }
        let before = looks(harness)
        var pauses = 0
        for seq in UInt64(2)...5 {
          store(harness, id, Self.frame(seq))
          // The reader may still be at its look of before.
          while watchers[0].all.last?.seq != seq {
            harness.clock.advance(by: .milliseconds(500))
            pauses += 1
            await Task.yield()
          }
          await wait(watchers, for: seq)
        }
        // One after each pause, and the first.
        #expect(looks(harness) - before <= pauses + 1)
        store(harness, id, Self.frame(6, Self.finished), status: .live)
        harness.database.tell(.ended(deployID: id, appID: "app"))
        // Without another movement of the clock.
        try await group.waitForAll()
      }
      for watcher in watchers { #expect(watcher.all.map(\.seq) == [1, 2, 3, 4, 5, 6]) }
      #expect(harness.service.remote.watchers(of: id) == 0)
    }
  }

  /// The one may have been told more than is stored, by a holder that died; or says any number.
  @Test func `a watcher that is far ahead takes no frames from those behind it`() async throws {
    try await Harness.run { harness in
      let id = deploy(harness)
      let ahead = FrameCollector()
      let behind = FrameCollector()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await harness.service.watchDeploy(
            WatchDeployRequest(deploy: id, fromSeq: 1_000_000), from: Harness.operatorCaller
          ) { ahead.add($0) }
        }
        while harness.service.remote.watchers(of: id) < 1 { await Task.yield() }
        group.addTask {
          try await harness.service.watchDeploy(WatchDeployRequest(deploy: id), from: Harness.operatorCaller) {
            behind.add($0)
          }
        }
        while harness.service.remote.watchers(of: id) < 2 { await Task.yield() }
        for seq in UInt64(2)...3 {
          store(harness, id, Self.frame(seq))
          while behind.all.last?.seq != seq {
            harness.clock.advance(by: .milliseconds(500))
            await Task.yield()
          }
        }
        store(harness, id, Self.frame(4, Self.finished), status: .live)
        harness.database.tell(.ended(deployID: id, appID: "app"))
        while ahead.all.isEmpty {
          harness.clock.advance(by: .milliseconds(500))
          await Task.yield()
        }
        try await group.waitForAll()
      }
      #expect(behind.all.map(\.seq) == [1, 2, 3, 4])
      #expect(ahead.all.finished?.outcome == .succeeded)
    }
  }

  /// After a takeover numbers jump, and what the store has beyond the jump is the feed's.
  @Test func `a whole page of frames that the feed has ends the replay`() async throws {
    try await Harness.run { harness in
      let id = deploy(harness)
      let feed = RolloutFeed(deployID: id, lastSequence: 2000)
      for _ in 0..<150 {
        let progress = RollbackMessages.RolloutProgress(phase: .rolling, message: "x", elapsed: .seconds(1))
        store(harness, id, feed.publish(.progress(progress), at: Timestamp(seconds: 1)))
      }
      feed.publish(Self.finished, at: Timestamp(seconds: 2))
      let watcher = FrameCollector()
      var cursor = WatchCursor(next: 1, joined: false)
      try await harness.service.follow(feed, &cursor) { watcher.add($0) }
      #expect(watcher.all.first?.seq == 1 && watcher.all.finished?.outcome == .succeeded)
      #expect(looks(harness) == 1)
    }
  }

  @Test func `with the last watcher the reading ends, and who comes later reads anew`() async throws {
    try await Harness.run { harness in
      let id = deploy(harness)
      for _ in 0..<2 {
        let watcher = FrameCollector()
        let task = Task {
          try await harness.service.watchDeploy(WatchDeployRequest(deploy: id), from: Harness.operatorCaller) {
            watcher.add($0)
          }
        }
        while harness.service.remote.watchers(of: id) == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(harness.service.remote.watchers(of: id) == 0)
        #expect(watcher.all.map(\.seq) == [1])
      }
      // The readers see it at their next look, and there is none after it.
      var before = -1
      while looks(harness) != before {
        before = looks(harness)
        harness.clock.advance(by: .milliseconds(500))
        for _ in 0..<1000 { await Task.yield() }
      }
      store(harness, id, Self.frame(2))
      harness.clock.advance(by: .seconds(5))
      for _ in 0..<1000 { await Task.yield() }
      #expect(looks(harness) == before)
    }
  }

  @Test func `a database that goes away is told`() async throws {
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(1))) { harness in
      let id = deploy(harness)
      harness.database.state.withLock { $0.outages["frames"] = 0 }
      let watcher = FrameCollector()
      let error = await #expect(throws: ServiceError.self) {
        try await harness.service.watchDeploy(WatchDeployRequest(deploy: id), from: Harness.operatorCaller) { frame in
          watcher.add(frame)
          harness.database.state.withLock { $0.outages["frames"] = 1_000_000 }
        }
      }
      #expect(error?.reason == .unavailable)
    }
  }

  @Test func `a daemon that stops says so to those who watch another host's deploy`() async throws {
    try await Harness.run { harness in
      let id = deploy(harness)
      let task = Task {
        try await harness.service.watchDeploy(WatchDeployRequest(deploy: id), from: Harness.operatorCaller) { _ in }
      }
      while harness.service.remote.watchers(of: id) == 0 { await Task.yield() }
      harness.service.stop()
      let error = await #expect(throws: ServiceError.self) { try await task.value }
      #expect(error?.reason == .unavailable && error?.message.contains("stopping") == true)
    }
  }

  @Test func `what this host takes over is followed on from here`() async throws {
    let clock = HeldClock(skippingUpTo: .seconds(2))
    try await Harness.run(clock: clock) { harness in
      let id = deploy(harness)
      let watcher = FrameCollector()
      let task = Task {
        try await harness.service.watchDeploy(WatchDeployRequest(deploy: id), from: Harness.operatorCaller) {
          watcher.add($0)
        }
      }
      while harness.service.remote.watchers(of: id) == 0 { await Task.yield() }
      harness.database.state.withLock { state in
        state.rows[0].plan = OperationPlan(
          image: "r/hello:v3", requestID: "", isRollback: false, timeout: 600_000_000, soak: 0, failFast: true,
          fromDeployID: "", targetDeployID: "", actorID: nil, previousImage: "r/hello:v2")
        state.rows[0].isExpired = true
      }
      harness.database.tell(.released(deployID: id))
      try await task.value
      #expect(watcher.all.finished?.outcome == .succeeded)
      #expect(watcher.all.contains { $0.seq > RolloutFeed.takeoverGap })
    }
  }
}
