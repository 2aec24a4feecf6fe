import KubernetesClient
import KubernetesObjects
import RollbackMessages
import RollbackService
import Testing

/// Cancelling, taking a place and reverting, on a cluster.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ControlConformanceTests {
  @Test func `a cancelled deploy ends where it is, and the way back is open`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("cancelled")
      #expect(try await environment.deploy("cancelled", "v1").finished?.outcome == .succeeded)
      let finished = try await environment.deploy("cancelled", "v2-hang") { frame in
        guard frame.isFirstProgress, let id = try await environment.newest("cancelled")?.id else { return }
        let response = try await environment.service.cancelDeploy(
          CancelDeployRequest(deploy: id, reason: "hangs"), from: ConformanceEnvironment.caller)
        #expect(response.deploy?.status == .cancelled)
        #expect(response.leftOn.hasPrefix("image registry.example/octave/web:v2-hang, which the cluster goes on"))
      }.finished
      #expect(finished?.outcome == .cancelled)
      #expect(try await environment.audit("deploy.cancel").count == 1)
      #expect(try await environment.audit("deploy.create.cancelled").count == 1)
      #expect(try await environment.image(of: "cancelled") == "registry.example/octave/web:v2-hang")
      let back = try await environment.rollback("cancelled").finished
      #expect(back?.outcome == .succeeded)
      #expect(back?.deploy?.imageRef == "registry.example/octave/web:v1")
    }
  }

  @Test func `taking the place of a deploy that hangs`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("replaced")
      #expect(try await environment.deploy("replaced", "v1").finished?.outcome == .succeeded)
      let finished = try await environment.deploy("replaced", "v2-hang") { frame in
        guard frame.isFirstProgress else { return }
        let frames = try await environment.deploy(
          "replaced", "v3", options: RolloutOptions(soak: .zero, cancelRunning: true))
        #expect(frames.finished?.outcome == .succeeded)
      }.finished
      #expect(finished?.outcome == .cancelled)
      #expect(try await environment.image(of: "replaced") == "registry.example/octave/web:v3")
      #expect(try await environment.audit("deploy.create.cancelled").count == 1)
      #expect(try await environment.newest("replaced")?.current == true)
    }
  }

  @Test func `a failed deploy is put back, and only its image`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("reverted")
      #expect(try await environment.deploy("reverted", "v1").finished?.outcome == .succeeded)
      let before = try await environment.kubernetes.get(
        Deployment.self, name: "reverted", namespace: environment.namespace
      ).object
      let frames = try await environment.deploy(
        "reverted", "v2-crash", options: RolloutOptions(soak: .zero, onFailure: .revert))
      #expect(frames.finished?.outcome == .reverted)
      #expect(frames.finished?.diagnosis?.exitCode != 0)
      let after = try await environment.kubernetes.get(
        Deployment.self, name: "reverted", namespace: environment.namespace
      ).object
      #expect(after.spec == before.spec)
      #expect(try await environment.audit("deploy.create.reverted").count == 1)
      #expect(try await environment.newest("reverted")?.status == .failed)
    }
  }

  @Test func `whoever waits for the lock goes on when the deploy before has failed`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("locked")
      #expect(try await environment.deploy("locked", "v1").finished?.outcome == .succeeded)
      let waited = Frames()
      try await withThrowingTaskGroup(of: Void.self) { group in
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        group.addTask {
          let finished = try await environment.deploy("locked", "v2-crash") { frame in
            if frame.isFirstProgress { begin.finish() }
          }.finished
          #expect(finished?.outcome == .failed)
        }
        for await _ in begun {}
        try await environment.service.rollback(
          RollbackRequest(app: "locked", options: RolloutOptions(soak: .zero, waitForLock: .seconds(60))),
          from: ConformanceEnvironment.caller
        ) { await waited.add($0) }
        try await group.waitForAll()
      }
      #expect(await waited.all.finished?.outcome == .succeeded)
      #expect(try await environment.image(of: "locked") == "registry.example/octave/web:v1")
    }
  }
}

extension ConformanceEnvironment {
  /// The newest deploy of an app.
  func newest(_ app: String) async throws -> DeployRecord? {
    try await service.listDeploys(ListDeploysRequest(app: app, pageSize: 1), from: Self.caller).deploys.first
  }
}
