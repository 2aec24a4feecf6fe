import KubernetesObjects
import Locking
import RollbackMessages
import Testing
import struct RolloutCore.EnvironmentRecord

@testable import RollbackService

@Suite struct PlanRollbackTests {
  /// v1 and v2 went live, one build failed, v4 runs.
  private func history(_ harness: Harness) {
    harness.database.addApp("hello")
    harness.database.addDeploy("r/hello:v1", .superseded)
    harness.database.addDeploy("r/hello:v2", .superseded)
    harness.database.addDeploy("r/hello:building", .failed)
    harness.database.addDeploy("r/hello:v4", .live, current: true)
  }

  private func plan(
    _ harness: Harness, app: String = "hello", to target: String = "", options: RolloutOptions = RolloutOptions(),
    from caller: Caller = Harness.operatorCaller
  ) async throws -> PlanRollbackResponse {
    try await harness.service.planRollback(
      PlanRollbackRequest(
        app: app, target: target, expectCurrent: options.expectCurrent, requireImageCheck: options.requireImageCheck),
      from: caller)
  }

  @Test func `it says everything about the rollback, and changes nothing`() async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      history(harness)
      let plan = try await plan(harness)
      #expect(plan.allowed && plan.refusalReason.isEmpty && plan.refusalMessage.isEmpty)
      #expect(plan.from?.imageRef == "r/hello:v4")
      #expect(plan.target?.imageRef == "r/hello:v2")
      #expect(plan.target?.rollbackable == true)
      #expect(plan.image == "r/hello:v2")
      #expect(plan.imageCheck == "not_configured")
      #expect(plan.warnings.map(\.code) == ["digest_unknown"])
      #expect(plan.notRestored == ["environment variables", "secrets", "database schema", "volumes"])
      #expect([plan.namespace, plan.deployment, plan.container] == ["octave", "hello", "hello"])
      #expect(plan.targetLiveFor == .seconds(100))
      #expect(plan.undoes == nil && plan.inFlight == nil)
      #expect(harness.database.state.withLock { $0.rows.count } == 4)
      #expect(harness.database.actions.isEmpty)
      #expect(!harness.database.calls.contains("begin"))
      #expect(harness.cluster.effectivePatches == 0)
    }
  }

  /// What stands against a rollback, by name.
  enum Obstacle: String, CaseIterable, Sendable {
    case none, inFlight, deleted, paused, recreate, noContainer, unbuilt, unknown, current, tooFarBack
    case expectation, unreachable, gone, imageCheck, nothingLeft, failedOnTop, pausedAndInFlight

    var target: String {
      switch self {
      case .unbuilt: "30000000"
      case .unknown: "99999999"
      case .current: "current"
      case .tooFarBack: "-3"
      case .gone: "10000000"
      default: ""
      }
    }

    var options: RolloutOptions {
      var options = RolloutOptions(soak: .zero)
      if self == .expectation { options.expectCurrent = "2000" }
      if self == .imageCheck { options.requireImageCheck = true }
      return options
    }
  }

  private func prepare(_ obstacle: Obstacle, _ harness: Harness) {
    history(harness)
    switch obstacle {
    case .inFlight, .pausedAndInFlight: harness.database.addDeploy("r/hello:v5", .deploying)
    case .nothingLeft:
      harness.database.state.withLock { state in
        for index in 0..<2 { state.rows[index].deploy.status = .failed }
      }
    case .gone: harness.database.state.withLock { $0.rows[0].deploy.notRollbackableReason = "image_gone" }
    case .failedOnTop: harness.database.addDeploy("r/hello:v5", .failed)
    default: break
    }
    harness.cluster.state.withLock { state in
      switch obstacle {
      case .deleted: state.deployment = nil
      case .paused, .pausedAndInFlight: state.deployment?.spec.paused = true
      case .recreate: state.deployment?.spec.strategy.type = "Recreate"
      case .noContainer: state.deployment?.spec.template.spec.containers[0].name = "other"
      case .unreachable: state.unreadable = 2
      case .failedOnTop: state.deployment?.spec.template.spec.containers[0].image = "r/hello:v5"
      default: break
      }
    }
  }

  @Test(arguments: Obstacle.allCases)
  func `the plan and the act agree`(_ obstacle: Obstacle) async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      prepare(obstacle, harness)
      let plan = try await plan(harness, to: obstacle.target, options: obstacle.options)
      #expect(harness.database.actions.isEmpty)
      do {
        let frames = try await harness.rollback(to: obstacle.target, options: obstacle.options)
        if frames.finished?.outcome == .alreadyCurrent {
          #expect(plan.refusalReason == "already_current")
          #expect(frames.finished?.message.contains(plan.refusalMessage) == true)
        } else {
          #expect(plan.allowed)
          #expect(frames.accepted?.target?.id == plan.target?.id)
          #expect(frames.accepted?.warnings == plan.warnings)
          #expect(frames.accepted?.undoes == plan.undoes)
          #expect(frames.accepted?.imageCheck == plan.imageCheck && !plan.imageCheck.isEmpty)
          #expect(frames.accepted?.targetLiveFor == plan.targetLiveFor && plan.targetLiveFor != nil)
          #expect(
            harness.cluster.state.withLock { $0.deployment?.spec.template.spec.containers.first?.image }
              == plan.image)
        }
      } catch let error as ServiceError {
        #expect(!plan.allowed)
        #expect(plan.refusalReason == error.reason.rawValue)
        #expect(plan.refusalMessage == error.message)
      }
    }
  }

  /// On whatever page, for a list goes by the same search.
  @Test(arguments: Obstacle.allCases.filter(\.target.isEmpty), [true, false])
  func `a list marks the deploy that the plan chooses`(_ obstacle: Obstacle, isFirst: Bool) async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      prepare(obstacle, harness)
      let plan = try await plan(harness)
      var request = ListDeploysRequest(app: "hello", pageSize: 1, withDefaultTarget: true)
      if !isFirst {
        request.pageToken = try await harness.service.listDeploys(request, from: Harness.operatorCaller).nextPageToken
      }
      let page = try await harness.service.listDeploys(request, from: Harness.operatorCaller)
      #expect(page.deploys.count == 1)
      #expect(page.defaultTarget == plan.target?.id ?? "")
      #expect(page.undoes == plan.undoes?.id ?? "")
      request.withDefaultTarget = false
      let reads = harness.cluster.state.withLock { $0.reads }
      #expect(try await harness.service.listDeploys(request, from: Harness.operatorCaller).defaultTarget.isEmpty)
      #expect(harness.cluster.state.withLock { $0.reads } == reads, "the cluster is asked only where it matters")
    }
  }

  @Test func `a list does not wait long for an API server that is silent`() async throws {
    try await Harness.run(running: "r/hello:v4", clock: HeldClock(skippingUpTo: .seconds(2))) { harness in
      history(harness)
      harness.cluster.state.withLock { $0.isSilent = true }
      let page = try await harness.service.listDeploys(
        ListDeploysRequest(app: "hello", withDefaultTarget: true), from: Harness.operatorCaller)
      #expect(page.deploys.count == 4)
      #expect(page.defaultTarget == page.deploys[2].id)
    }
  }

  /// Rows of the running image are no targets, and neither is what a later rollback replaced.
  @Test func `a list marks no deploy of the running image`() async throws {
    try await Harness.run(running: "r/hello:v2") { harness in
      harness.database.addApp("hello")
      let good = harness.database.addDeploy("r/hello:v1", .superseded)
      harness.database.addDeploy("r/hello:v2", .superseded)
      harness.database.addDeploy("r/hello:v2", .live, current: true)
      let page = try await harness.service.listDeploys(
        ListDeploysRequest(app: "hello", pageSize: 2, withDefaultTarget: true), from: Harness.operatorCaller)
      #expect(page.defaultTarget == good.id)
    }
  }

  @Test(arguments: [
    (Obstacle.inFlight, "conflict"), (.deleted, "deployment_deleted"), (.paused, "deployment_paused"),
    (.recreate, "deployment_recreate"), (.unbuilt, "invalid_rollback_target"), (.unknown, "not_found"),
    (.current, "already_current"), (.expectation, "expectation_failed"), (.unreachable, "unavailable"),
    (.gone, "image_gone"), (.imageCheck, "unavailable"), (.nothingLeft, "not_found"), (.pausedAndInFlight, "conflict"),
    (.tooFarBack, "not_found"), (.none, ""), (.failedOnTop, ""),
  ])
  func `each obstacle has its reason`(obstacle: Obstacle, reason: String) async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      prepare(obstacle, harness)
      let plan = try await plan(harness, to: obstacle.target, options: obstacle.options)
      #expect(plan.refusalReason == reason)
      #expect(plan.refusalMessage.isEmpty == reason.isEmpty)
    }
  }

  @Test func `a refused plan still says what would be done`() async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      prepare(.pausedAndInFlight, harness)
      let plan = try await plan(harness)
      // What is under way counts as what runs: going back means the one that is current.
      #expect(plan.target?.imageRef == "r/hello:v4")
      #expect(plan.image == "r/hello:v4")
      #expect(plan.inFlight?.imageRef == "r/hello:v5")
      #expect(plan.inFlightHost == "other")
      #expect(plan.warnings.map(\.code) == ["digest_unknown"])
    }
  }

  @Test func `without the cluster it plans by the records`() async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      prepare(.unreachable, harness)
      let plan = try await plan(harness)
      #expect(plan.refusalReason == "unavailable")
      #expect(plan.target?.imageRef == "r/hello:v2")
    }
  }

  @Test func `what failed on top is named as what is undone`() async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      prepare(.failedOnTop, harness)
      let plan = try await plan(harness)
      #expect(plan.undoes?.imageRef == "r/hello:v5")
      #expect(plan.target?.imageRef == "r/hello:v4")
    }
  }

  @Test(arguments: [
    ("nope", "", "", ErrorReason.notFound), ("", "", "", .invalidArgument), ("a b", "", "", .invalidArgument),
    ("hello", "newest", "", .invalidArgument), ("hello", "-1001", "", .invalidArgument),
    ("hello", "a\u{7}", "", .invalidArgument), ("hello", "", "x y", .invalidArgument),
  ])
  func `an unknown app and malformed words are errors of the call`(
    app: String, target: String, expectation: String, reason: ErrorReason
  ) async throws {
    try await Harness.run { harness in
      history(harness)
      let error = await #expect(throws: ServiceError.self) {
        try await plan(harness, app: app, to: target, options: RolloutOptions(expectCurrent: expectation))
      }
      #expect(error?.reason == reason)
      #expect(harness.database.actions.isEmpty, "a question is not audited")
    }
  }

  @Test func `a database that is away is an error of the call`() async throws {
    try await Harness.run { harness in
      history(harness)
      harness.database.state.withLock { $0.outages["situation"] = 1 }
      let error = await #expect(throws: ServiceError.self) { try await plan(harness) }
      #expect(error?.reason == .unavailable)
    }
  }

  @Test func `who may not read may not ask`() async throws {
    try await Harness.run { harness in
      history(harness)
      let stranger = Caller(processID: 9, userID: 4000, groupID: 4000)
      let error = await #expect(throws: ServiceError.self) { try await plan(harness, from: stranger) }
      #expect(error?.reason == .notPermitted)
    }
  }

  // MARK: The estimate

  @Test func `the estimate goes by the image's own rollouts, else by the app's, else there is none`() async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      history(harness)
      harness.database.state.withLock { state in
        state.rows[0].deploy.timeToReady = .seconds(20)
        state.rows[1].deploy.timeToReady = .seconds(40)
        state.rows[3].deploy.timeToReady = nil
      }
      let own = try await plan(harness)
      #expect(own.estimate == .seconds(40) && own.estimateRollouts == 1 && own.estimateSameImage)
      harness.database.state.withLock { $0.rows[1].deploy.timeToReady = nil }
      let others = try await plan(harness)
      #expect(others.estimate == .seconds(20) && others.estimateRollouts == 1 && !others.estimateSameImage)
      harness.database.state.withLock { $0.rows[0].deploy.timeToReady = nil }
      let none = try await plan(harness)
      #expect(none.estimate == nil && none.estimateRollouts == 0)
    }
  }

  // MARK: The environment

  private func set(_ variables: [EnvironmentVariable], _ harness: Harness) {
    harness.cluster.state.withLock { $0.deployment?.spec.template.spec.containers[0].env = variables }
  }

  @Test func `what changed in the environment since the target is named, never told`() async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      history(harness)
      set(
        [.init(name: "DB_POOL", value: "five"), .init(name: "OLD", value: "x"), .init(name: "SAME", value: "s")],
        harness)
      _ = try await harness.rollback()
      let first = try #require(harness.database.newest?.deploy.id)
      #expect(
        harness.database.state.withLock { $0.environments[first]?.fingerprints.keys.sorted() }
          == ["DB_POOL", "OLD", "SAME"])
      // The next one runs v1; back to the first from there.
      _ = try await harness.rollback(to: "10000000")
      set(
        [.init(name: "DB_POOL", value: "hunter2"), .init(name: "NEW", value: "y"), .init(name: "SAME", value: "s")],
        harness)
      let plan = try await plan(harness, to: first)
      let warning = plan.warnings.first { $0.code == "environment_changed" }
      #expect(warning?.details == ["DB_POOL (changed)", "NEW (added)", "OLD (removed)"])
      #expect(!"\(plan)".contains("hunter2"))
    }
  }

  @Test func `without a record of the environment nothing is claimed`() async throws {
    try await Harness.run(running: "r/hello:v4") { harness in
      history(harness)
      set([.init(name: "DB_POOL", value: "five")], harness)
      let plan = try await plan(harness)
      #expect(plan.warnings.map(\.code) == ["digest_unknown"])
    }
  }
}
