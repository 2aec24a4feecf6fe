import KubernetesObjects
import Locking
import RollbackMessages
import RolloutCore
import Testing

@testable import RollbackService

/// What a rollback and a deploy make of the registry's answer.
@Suite struct ImageCheckTests {
  static let one = "sha256:" + String(repeating: "1c9e", count: 16)
  static let two = "sha256:" + String(repeating: "77ab", count: 16)

  /// v1 and v2 went live with recorded digests, v3 runs.
  private func history(_ harness: Harness) {
    harness.database.addApp("hello")
    harness.database.addDeploy("r/hello:v1", .superseded)
    harness.database.addDeploy("r/hello:v2", .superseded, digest: Self.two)
    harness.database.addDeploy("r/hello:v3", .live, current: true)
  }

  private var target: String { "r/hello:v2@\(Self.two)" }

  private func deploy(_ harness: Harness, _ image: String, requireImageCheck: Bool = false) async throws
    -> [RolloutFrame]
  {
    let frames = FrameCollector()
    let options = RolloutOptions(soak: .zero, requireImageCheck: requireImageCheck)
    try await harness.service.deploy(
      DeployRequest(app: "hello", image: image, options: options), from: Harness.operatorCaller
    ) { frames.add($0) }
    return frames.all
  }

  private func image(_ harness: Harness) -> String? {
    harness.cluster.state.withLock { $0.deployment?.spec.template.spec.containers.first?.image }
  }

  // MARK: Rollback

  @Test func `a rollback is pinned to the recorded digest, asked about once, and shows the tag`() async throws {
    let registry = FakeRegistry([target: ImageCheck(.present, digest: Self.two)])
    try await Harness.run(registry: registry) { harness in
      history(harness)
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.accepted?.deploy?.imageRef == "r/hello:v2")
      #expect(frames.accepted?.deploy?.imageDigest == Self.two)
      #expect(frames.accepted?.warnings.isEmpty == true)
      #expect(image(harness) == target)
      #expect(registry.questions == [.init(image: target, isForDeploying: true)])
    }
  }

  @Test(arguments: [
    (RegistryVerdict.gone, ErrorReason.imageGone, "no longer has image"),
    (.blocked("3 vulnerabilities"), .imageBlocked, "3 vulnerabilities"),
  ])
  func `an image that is gone or blocked is refused before anything is written`(
    verdict: RegistryVerdict, reason: ErrorReason, words: String
  ) async throws {
    try await Harness.run(registry: FakeRegistry([target: ImageCheck(verdict)])) { harness in
      history(harness)
      let refusal = await harness.refusal()
      #expect(refusal?.reason == reason)
      #expect(refusal?.message.contains(words) == true)
      #expect(!harness.database.calls.contains("begin"))
      #expect(harness.cluster.effectivePatches == 0)
      #expect(harness.database.actions == ["deploy.rollback.refused:\(reason.rawValue)"])
    }
  }

  @Test func `a tag that was pushed again warns, and the recorded digest is used`() async throws {
    let registry = FakeRegistry([target: ImageCheck(.moved(present: Self.one), digest: Self.two)])
    try await Harness.run(registry: registry) { harness in
      history(harness)
      let frames = try await harness.rollback()
      #expect(frames.accepted?.warnings.map(\.code) == ["tag_moved"])
      #expect(image(harness) == target)
    }
  }

  @Test(arguments: [RegistryVerdict.unreachable("harbor.example: no answer within 3 s"), .notAsked])
  func `an outage of the registry forbids no rollback, unless it is asked to`(verdict: RegistryVerdict) async throws {
    try await Harness.run(registry: FakeRegistry([target: ImageCheck(verdict)])) { harness in
      history(harness)
      let refusal = await harness.refusal(options: RolloutOptions(soak: .zero, requireImageCheck: true))
      #expect(refusal?.reason == .unavailable)
      #expect(harness.cluster.effectivePatches == 0)
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.accepted?.warnings.map(\.code) == ["image_unverified"])
      #expect(image(harness) == target)
    }
  }

  @Test func `a target without a digest is asked about by its tag, and deployed by it`() async throws {
    let registry = FakeRegistry(["r/hello:v1": ImageCheck(.present, digest: Self.one)])
    try await Harness.run(registry: registry) { harness in
      history(harness)
      let frames = try await harness.rollback(to: "10000000")
      #expect(frames.accepted?.warnings.map(\.code) == ["digest_unknown"])
      #expect(frames.accepted?.deploy?.imageDigest == "")
      #expect(image(harness) == "r/hello:v1")
    }
  }

  @Test func `without a registry nothing is asked and nothing is warned of, but a demanded check is refused`()
    async throws
  {
    try await Harness.run { harness in
      history(harness)
      let refusal = await harness.refusal(options: RolloutOptions(soak: .zero, requireImageCheck: true))
      #expect(refusal?.reason == .unavailable)
      #expect(refusal?.message.contains("no registry is configured") == true)
      let frames = try await harness.rollback()
      #expect(frames.accepted?.warnings.isEmpty == true)
      #expect(image(harness) == target)
    }
  }

  /// A failed v3 left its image in the template: the guess must be the deploy that still counts as current.
  @Test func `after a failed deploy the right image is asked about at once`() async throws {
    let registry = FakeRegistry([target: ImageCheck(.present, digest: Self.two)])
    try await Harness.run(running: "r/hello:v3", registry: registry) { harness in
      harness.database.addApp("hello")
      harness.database.addDeploy("r/hello:v2", .live, current: true, digest: Self.two)
      harness.database.addDeploy("r/hello:v3", .failed)
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .succeeded)
      #expect(registry.questions.map(\.image) == [target])
    }
  }

  @Test func `a plan asks without being counted as a pull`() async throws {
    let registry = FakeRegistry([target: ImageCheck(.present, digest: Self.two)])
    try await Harness.run(registry: registry) { harness in
      history(harness)
      let plan = try await harness.service.planRollback(
        PlanRollbackRequest(app: "hello"), from: Harness.operatorCaller)
      #expect(plan.allowed)
      #expect(plan.imageCheck == "present")
      #expect(registry.questions == [.init(image: target, isForDeploying: false)])
    }
  }

  // MARK: Deploy

  @Test func `a deploy records the digest that its tag names, and pins the pods to it`() async throws {
    let registry = FakeRegistry(["r/hello:v4": ImageCheck(.present, digest: Self.one, platformDigests: [Self.two])])
    try await Harness.run(registry: registry) { harness in
      history(harness)
      let frames = try await deploy(harness, "r/hello:v4")
      #expect(frames.finished?.outcome == .succeeded)
      #expect(frames.accepted?.deploy?.imageRef == "r/hello:v4")
      #expect(frames.accepted?.deploy?.imageDigest == Self.one)
      #expect(frames.accepted?.warnings.isEmpty == true)
      #expect(image(harness) == "r/hello:v4@\(Self.one)")
      #expect(harness.database.newest?.plan?.platformDigests == [Self.two])
    }
  }

  @Test(arguments: [
    (RegistryVerdict.gone, ErrorReason.imageGone, "push it first"), (.blocked("scan pending"), .imageBlocked, "scan"),
  ])
  func `what cannot be pulled is not deployed`(
    verdict: RegistryVerdict, reason: ErrorReason, words: String
  ) async throws {
    try await Harness.run(registry: FakeRegistry(["r/hello:v4": ImageCheck(verdict)])) { harness in
      history(harness)
      let error = await #expect(throws: ServiceError.self) { try await deploy(harness, "r/hello:v4") }
      #expect(error?.reason == reason)
      #expect(error?.message.contains(words) == true)
      #expect(harness.cluster.effectivePatches == 0)
      #expect(harness.database.actions == ["deploy.create.refused:\(reason.rawValue)"])
    }
  }

  @Test func `while the registry is away a deploy goes by the tag, with a warning`() async throws {
    try await Harness.run(registry: FakeRegistry([:])) { harness in
      history(harness)
      let error = await #expect(throws: ServiceError.self) {
        try await deploy(harness, "r/hello:v4", requireImageCheck: true)
      }
      #expect(error?.reason == .unavailable)
      let frames = try await deploy(harness, "r/hello:v4")
      #expect(frames.accepted?.warnings.map(\.code) == ["image_unverified"])
      #expect(frames.accepted?.warnings.first?.message.contains("no answer within 3 s") == true)
      #expect(image(harness) == "r/hello:v4")
    }
  }

  @Test(arguments: [(one, RollbackMessages.RolloutOutcome.alreadyCurrent), (two, .succeeded)])
  func `the same tag is what runs only while it names the same image`(
    digest: String, outcome: RollbackMessages.RolloutOutcome
  ) async throws {
    let registry = FakeRegistry(["r/hello:v3": ImageCheck(.present, digest: digest)])
    try await Harness.run(running: "r/hello:v3@\(Self.one)", registry: registry) { harness in
      harness.database.addApp("hello")
      harness.database.addDeploy("r/hello:v3", .live, current: true, digest: Self.one)
      let frames = try await deploy(harness, "r/hello:v3")
      #expect(frames.finished?.outcome == outcome)
    }
  }

  // MARK: While it runs

  @Test(arguments: [
    (RegistryVerdict.gone, "not in the registry"), (.blocked("quarantined"), "the registry refuses it: quarantined"),
  ])
  func `a node that does not find the image and a registry that agrees end the wait at once`(
    verdict: RegistryVerdict, words: String
  ) async throws {
    // There when it was asked first, gone when the node pulls.
    let pinned = "r/hello:v4@\(Self.one)"
    let registry = FakeRegistry(
      ["r/hello:v4": ImageCheck(.present, digest: Self.one)], whileRunning: [pinned: ImageCheck(verdict)])
    let message = "rpc error: code = NotFound desc = \(pinned): not found"
    try await Harness.run(course: .cannotPull(message), registry: registry) { harness in
      history(harness)
      let finished = try await deploy(harness, "r/hello:v4").finished
      #expect(finished?.outcome == .failed)
      #expect(finished?.message.contains(words) == true, "\(finished?.message ?? "nothing")")
      #expect(registry.questions.last == .init(image: pinned, isForDeploying: false))
    }
  }

  @Test(
    arguments: [(one, 1, []), (two, 1, []), ("sha256:" + String(repeating: "0", count: 64), 0, ["image_unverified"])]
      as [(String, UInt32, [String])])
  func `pods may report the index's digest or a platform's; anything else is a warning`(
    reported: String, verified: UInt32, warnings: [String]
  ) async throws {
    let registry = FakeRegistry(["r/hello:v4": ImageCheck(.present, digest: Self.one, platformDigests: [Self.two])])
    try await Harness.run(course: .running(imageID: "r/hello@\(reported)"), registry: registry) { harness in
      history(harness)
      let finished = try await deploy(harness, "r/hello:v4").finished
      #expect(finished?.outcome == .succeeded)
      #expect(finished?.podsChecked == 1)
      #expect(finished?.podsVerified == verified)
      #expect(finished?.warnings.map(\.code) == warnings)
    }
  }

  // MARK: Health

  @Test(arguments: [(ComponentState.ok, ComponentState.ok), (.down, .degraded), (.degraded, .degraded)])
  func `health tells of the registry`(state: ComponentState, whole: ComponentState) async throws {
    try await Harness.run(registry: FakeRegistry([:], state: state)) { harness in
      let health = try await harness.service.health(GetHealthRequest(), from: Harness.operatorCaller)
      #expect(health.registry == RegistryHealth(state: state, message: "https://harbor.example"))
      #expect(health.state == whole)
    }
    try await Harness.run { harness in
      let health = try await harness.service.health(GetHealthRequest(), from: Harness.operatorCaller)
      #expect(health.registry?.state == .notConfigured)
      #expect(health.state == .ok)
    }
  }
}
