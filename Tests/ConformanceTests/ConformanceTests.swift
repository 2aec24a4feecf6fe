import KubernetesClient
import KubernetesObjects
import RollbackMessages
import RollbackService
import Testing

/// What the engine must do on any cluster: a real one, one with simulated kubelets, or the development cluster. An image
/// whose tag contains `missing`, `crash` or `hang` behaves so; all others become ready.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ConformanceTests {
  @Test func `a rollback restores the image, and only the image`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("success")
      #expect(try await environment.deploy("success", "v1").finished?.outcome == .succeeded)
      #expect(try await environment.deploy("success", "v2").finished?.outcome == .succeeded)
      let before = try await environment.kubernetes.get(
        Deployment.self, name: "success", namespace: environment.namespace
      ).object
      let finished = try await environment.rollback("success").finished
      #expect(finished?.outcome == .succeeded)
      #expect(finished?.deploy?.imageRef == "registry.example/octave/web:v1")
      #expect(finished?.deploy?.timeToReady != nil)
      #expect(finished?.replicas?.updated == 2)
      let after = try await environment.kubernetes.get(
        Deployment.self, name: "success", namespace: environment.namespace
      ).object
      var expected = before.spec
      expected.template.spec.containers[0].image = "registry.example/octave/web:v1"
      #expect(after.spec == expected)
      #expect(try await environment.audit("deploy.rollback").count == 1)
      #expect(try await environment.audit("deploy.rollback.succeeded").count == 1)
    }
  }

  @Test func `a missing image fails with the pull error, and old pods go on serving`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("missing", deadline: 5)
      #expect(try await environment.deploy("missing", "v1").finished?.outcome == .succeeded)
      let finished = try await environment.deploy("missing", "v2-missing").finished
      #expect(finished?.outcome == .failed)
      #expect(finished?.diagnosis?.summary.contains("cannot pull image registry.example/octave/web:v2-missing") == true)
      #expect(finished?.replicas?.available == 2)
      // From a stuck deploy back to a ReplicaSet that still exists: no false failure.
      #expect(try await environment.rollback("missing").finished?.outcome == .succeeded)
    }
  }

  @Test func `a crash fails with exit code, restarts and the log's end`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("crash")
      #expect(try await environment.deploy("crash", "v1").finished?.outcome == .succeeded)
      let finished = try await environment.deploy("crash", "v2-crash").finished
      #expect(finished?.outcome == .failed)
      let diagnosis = try #require(finished?.diagnosis)
      #expect(diagnosis.summary.contains("container web in pod crash-"))
      #expect(diagnosis.terminated)
      #expect(diagnosis.exitCode != 0)
      #expect(diagnosis.restarts >= 2)
      #expect(try await environment.rollback("crash").finished?.outcome == .succeeded)
    }
  }

  @Test func `a hang fails at the deployment's own deadline`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("hang", deadline: 5)
      #expect(try await environment.deploy("hang", "v1").finished?.outcome == .succeeded)
      let finished = try await environment.deploy("hang", "v2-hang").finished
      #expect(finished?.outcome == .failed)
      #expect(finished?.diagnosis?.summary.isEmpty == false)
      #expect(try await environment.rollback("hang").finished?.outcome == .succeeded)
    }
  }

  @Test func `a deploy on top supersedes`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("superseded")
      #expect(try await environment.deploy("superseded", "v1").finished?.outcome == .succeeded)
      let finished = try await environment.deploy("superseded", "v2-hang") { frame in
        guard frame.isFirstProgress else { return }
        let patch =
          #"{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"registry.example/octave/web:v9"}]}}}}"#
        let _: Answer<Deployment> = try await environment.kubernetes.patch(
          Deployment.self, name: "superseded", namespace: environment.namespace, body: Array(patch.utf8))
      }.finished
      #expect(finished?.outcome == .superseded)
      #expect(finished?.message.contains("web:v9") == true)
      #expect(try await environment.image(of: "superseded") == "registry.example/octave/web:v9")
    }
  }

  @Test func `a deployment deleted meanwhile fails and is not made anew`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("deleted")
      #expect(try await environment.deploy("deleted", "v1").finished?.outcome == .succeeded)
      let finished = try await environment.deploy("deleted", "v2-hang") { frame in
        guard frame.isFirstProgress else { return }
        try await environment.kubernetes.delete(
          Deployment.resource, name: "deleted", namespace: environment.namespace)
      }.finished
      #expect(finished?.outcome == .failed)
      #expect(finished?.message.contains("delete") == true)
      await #expect(throws: ServiceError.self) { try await environment.rollback("deleted") }
    }
  }

  @Test func `a paused deployment is refused before anything is written`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("paused")
      #expect(try await environment.deploy("paused", "v1").finished?.outcome == .succeeded)
      let _: Answer<Deployment> = try await environment.kubernetes.patch(
        Deployment.self, name: "paused", namespace: environment.namespace,
        body: Array(#"{"spec":{"paused":true}}"#.utf8))
      let error = await #expect(throws: ServiceError.self) { try await environment.deploy("paused", "v2") }
      #expect(error?.reason == .deploymentPaused)
      #expect(try await environment.image(of: "paused") == "registry.example/octave/web:v1")
    }
  }

  @Test func `a container that is not there is refused, and none is added`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("container", container: "nope")
      let error = await #expect(throws: ServiceError.self) { try await environment.deploy("container", "v1") }
      #expect(error?.message.contains("no container nope; it has web") == true)
      let deployment = try await environment.kubernetes.get(
        Deployment.self, name: "container", namespace: environment.namespace
      ).object
      #expect(deployment.spec.template.spec.containers.map(\.name) == ["web"])
    }
  }
}
