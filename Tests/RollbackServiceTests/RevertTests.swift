import KubernetesObjects
import Locking
import RollbackMessages
import RolloutCore
import Testing

@testable import RollbackService

/// `on_failure: revert`: what ran before is put back, once, by whoever holds the operation.
@Suite(.timeLimit(.minutes(1))) struct RevertTests {
  private static let reverting = RolloutOptions(soak: .zero, onFailure: .revert)

  private func history(_ harness: Harness) {
    harness.database.addApp("hello")
    harness.database.addDeploy("r/hello:v1", .superseded)
    harness.database.addDeploy("r/hello:v2", .live, current: true)
  }

  private func deploy(_ harness: Harness, _ image: String) async throws -> [RolloutFrame] {
    let frames = FrameCollector()
    try await harness.service.deploy(
      DeployRequest(app: "hello", image: image, options: Self.reverting), from: Harness.operatorCaller
    ) { frames.add($0) }
    return frames.all
  }

  @Test func `a failed rollout is put back, waited for and told`() async throws {
    try await Harness.run(running: "r/hello:v2", course: .failing("r/hello:v3")) { harness in
      history(harness)
      let frames = try await deploy(harness, "r/hello:v3")
      #expect(frames.finished?.outcome == .reverted)
      #expect(frames.finished?.deploy?.status == .failed)
      #expect(frames.finished?.leftOn.hasPrefix("image r/hello:v2, put back") == true)
      #expect(frames.finished?.diagnosis != nil)
      #expect(frames.finished?.message.hasSuffix("; the image that ran before was put back") == true)
      let phases = frames.compactMap { frame in
        if case .progress(let progress)? = frame.kind { progress.phase } else { nil }
      }
      #expect(phases.contains(.reverting))
      #expect(harness.cluster.effectivePatches == 2)
      let image = harness.cluster.state.withLock { $0.deployment?.spec.template.spec.containers.first?.image }
      #expect(image == "r/hello:v2")
      #expect(harness.database.actions == ["deploy.create", "deploy.create.reverted"])
      #expect(harness.database.newest?.revert?.failedImage == "r/hello:v3")
    }
  }

  @Test func `what is recorded before its patch is carried on by who takes over`() async throws {
    try await Harness.run(running: "r/hello:v3", course: .failing("r/hello:v3")) { harness in
      history(harness)
      let orphan = harness.database.addDeploy("r/hello:v3", .deploying)
      harness.cluster.state.withLock {
        $0.deployment?.metadata.annotations[ImagePatch.deployIDAnnotation] = orphan.id
      }
      harness.database.state.withLock { state in
        let last = state.rows.count - 1
        state.rows[last].plan = OperationPlan(
          image: "r/hello:v3", requestID: "", isRollback: false, timeout: 600_000_000, soak: 0, failFast: true,
          fromDeployID: "", targetDeployID: "", actorID: nil, previousImage: "r/hello:v2", revertImage: "r/hello:v2")
        state.rows[last].revert = RevertRecord(
          kind: "failed", sentence: "web exits 1", cause: "doomed", failedImage: "r/hello:v3")
        state.rows[last].isExpired = true
      }
      harness.database.tell(.released(deployID: orphan.id))
      while harness.database.actions.isEmpty { await Task.yield() }
      let frames = FrameCollector()
      try await harness.service.watchDeploy(WatchDeployRequest(deploy: orphan.id), from: Harness.operatorCaller) {
        frames.add($0)
      }
      #expect(frames.all.finished?.outcome == .reverted)
      #expect(frames.all.finished?.diagnosis?.summary == "web exits 1")
      #expect(harness.cluster.effectivePatches == 1)
      #expect(harness.database.actions == ["deploy.create.reverted"])
    }
  }

  @Test func `the image to put back is what ran, never what failed`() async throws {
    try await Harness.run { harness in
      history(harness)
      let app = try #require(try await harness.database.app("hello"))
      func image(running: String?, new: String, adding row: (String, DeployStatus)? = nil) async throws -> String? {
        if let row { harness.database.addDeploy(row.0, row.1) }
        let situation = try #require(
          try await harness.database.situation(of: app.id, naming: "", requestID: ""))
        return harness.service.revertImage(
          situation, running: running, new: try #require(ImageReference(new)))
      }
      #expect(try await image(running: "r/hello:v2", new: "r/hello:v3") == "r/hello:v2")
      // By kubectl, outside of our records: it is what ran.
      #expect(try await image(running: "r/hello:v2-fix", new: "r/hello:v3") == "r/hello:v2-fix")
      #expect(try await image(running: "r/hello:v2", new: "r/hello:v2") == nil)
      #expect(try await image(running: nil, new: "r/hello:v3") == nil)
      // Left over from a deploy that failed: what is current is better.
      #expect(
        try await image(running: "r/hello:v3", new: "r/hello:v4", adding: ("r/hello:v3", .failed)) == "r/hello:v2")
      #expect(try await image(running: "r/hello:v3", new: "r/hello:v2") == nil)
    }
  }

  @Test(arguments: [
    ("r/hello:v3", "what ran before is the same image"), ("r/hello:v4", "no deploy that went live ran before"),
  ])
  func `where nothing can be put back the outcome says why`(image: String, why: String) async throws {
    try await Harness.run(running: "r/hello:v3", course: .failing(image)) { harness in
      harness.database.addApp("hello")
      // What the template has is left over from it.
      if image == "r/hello:v4" { harness.database.addDeploy("r/hello:v3", .failed) }
      let frames = try await deploy(harness, image)
      #expect(frames.finished?.outcome == .failed)
      #expect(frames.finished?.message.hasSuffix("; not reverted: \(why)") == true, "\(frames)")
      #expect(frames.finished?.deploy?.status == .failed)
    }
  }

  @Test func `an outcome whose COMMIT was not answered is told as our own`() async throws {
    try await Harness.run(running: "r/hello:v2", clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      harness.database.state.withLock { $0.lostAnswers = 1 }
      let frames = try await deploy(harness, "r/hello:v3")
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.finished?.auditID == 2)
      #expect(harness.database.actions == ["deploy.create", "deploy.create.succeeded"])
    }
  }

  @Test func `a stop hands the lease over after the frames that were not stored yet`() async throws {
    let clock = HeldClock()
    let database = FakeDatabase(clock: clock)
    let cluster = FakeCluster(image: "r/hello:v2", course: .never)
    try await Harness.run(database: database, cluster: cluster, clock: clock) { harness in
      history(harness)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = try? await deploy(harness, "r/hello:v3") }
        while cluster.effectivePatches == 0 { await Task.yield() }
        harness.service.stop()
        await group.waitForAll()
      }
      while !database.calls.contains("release") { await Task.yield() }
      #expect(database.newest?.frames.first?.seq == 1)
      #expect(database.newest?.deploy.status == .deploying)
    }
    // Another host hears of it at once: no time has passed.
    try await Harness.run(database: database, cluster: cluster, clock: clock) { harness in
      while database.newest?.lease?.fencingToken != 2 { await Task.yield() }
      let id = try #require(database.newest?.deploy.id)
      _ = try await harness.service.cancelDeploy(CancelDeployRequest(deploy: id), from: Harness.operatorCaller)
      #expect(database.actions == ["deploy.create", "deploy.cancel", "deploy.create.cancelled"])
      #expect(cluster.effectivePatches == 1)
    }
  }
}
