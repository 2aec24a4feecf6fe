import KubernetesObjects
import Locking
import RollbackMessages
import Testing

@testable import RollbackService

@Suite struct RefusalTests {
  private func prepare(_ harness: Harness) {
    harness.database.addApp("hello")
    harness.database.addDeploy("r/hello:v1", .superseded)
    harness.database.addDeploy("r/hello:building", .failed)
    harness.database.addDeploy("r/hello:v3", .live, current: true)
  }

  @Test func `an unknown app is named, and the attempt is audited`() async throws {
    try await Harness.run { harness in
      let refusal = await harness.refusal(app: "nope")
      #expect(refusal?.reason == .notFound)
      #expect(refusal?.message.contains("\"nope\"") == true)
      #expect(harness.database.actions == ["deploy.rollback.refused:not_found"])
    }
  }

  @Test(arguments: [
    ("20000000", ErrorReason.invalidRollbackTarget), ("99999999", .notFound), ("zzz", .invalidArgument),
    ("-7", .notFound), ("0", .notFound),
  ])
  func `targets that will not do`(target: String, reason: ErrorReason) async throws {
    try await Harness.run { harness in
      prepare(harness)
      let refusal = await harness.refusal(to: target)
      #expect(refusal?.reason == reason)
      #expect(harness.cluster.effectivePatches == 0)
      #expect(harness.database.actions == ["deploy.rollback.refused:\(reason.rawValue)"])
    }
  }

  @Test func `a second rollback at once names the first`() async throws {
    try await Harness.run { harness in
      prepare(harness)
      let first = harness.database.addDeploy("r/hello:v1", .deploying)
      let refusal = await harness.refusal()
      #expect(refusal?.reason == .conflict)
      #expect(refusal?.details["deploy_id"] == first.id)
      #expect(refusal?.details["host"] == "other")
      #expect(refusal?.message.contains("rollbackctl watch") == true)
    }
  }

  @Test func `a deployment that is not there is said so`() async throws {
    try await Harness.run { harness in
      prepare(harness)
      harness.cluster.state.withLock { $0.deployment = nil }
      #expect(await harness.refusal()?.reason == .deploymentDeleted)
    }
  }

  @Test func `a paused deployment and another strategy are refused before anything is written`() async throws {
    try await Harness.run { harness in
      prepare(harness)
      harness.cluster.state.withLock { $0.deployment?.spec.paused = true }
      #expect(await harness.refusal()?.reason == .deploymentPaused)
      harness.cluster.state.withLock {
        $0.deployment?.spec.paused = false
        $0.deployment?.spec.strategy.type = "Recreate"
      }
      #expect(await harness.refusal()?.reason == .deploymentRecreate)
      #expect(!harness.database.calls.contains("begin"))
    }
  }

  @Test func `database and API server away are unavailable, and nothing is done`() async throws {
    try await Harness.run { harness in
      prepare(harness)
      harness.database.state.withLock { $0.outages["situation"] = 1 }
      #expect(await harness.refusal()?.reason == .unavailable)
      harness.cluster.state.withLock { $0.unreadable = 1 }
      #expect(await harness.refusal()?.reason == .unavailable)
      #expect(harness.cluster.effectivePatches == 0)
    }
  }

  @Test func `a malformed request is refused with the field's name`() async throws {
    try await Harness.run { harness in
      prepare(harness)
      let cases: [(RolloutOptions, String)] = [
        (RolloutOptions(requestID: "abc"), "request_id"),
        (RolloutOptions(reason: String(repeating: "x", count: 1025)), "reason"),
        (RolloutOptions(reason: "a\u{7}b"), "reason"), (RolloutOptions(timeout: .zero), "timeout"),
        (RolloutOptions(soak: .seconds(-1)), "soak"),
      ]
      for (options, field) in cases {
        let refusal = await harness.refusal(options: options)
        #expect(refusal?.reason == .invalidArgument)
        #expect(refusal?.message.contains(field) == true)
      }
    }
  }

  @Test func `nobody outside the groups gets in, and the denial is audited`() async throws {
    try await Harness.run { harness in
      prepare(harness)
      let stranger = Caller(processID: 9, userID: 4000, groupID: 4000)
      #expect(await harness.refusal(from: stranger)?.reason == .notPermitted)
      #expect(harness.database.actions == ["access.denied:not_permitted"])
      await #expect(throws: ServiceError.self) {
        _ = try await harness.service.listDeploys(ListDeploysRequest(app: "hello"), from: stranger)
      }
    }
  }

  @Test func `naming another actor and sending a token need to be trusted`() async throws {
    try await Harness.run { harness in
      prepare(harness)
      #expect(await harness.refusal(options: RolloutOptions(token: "x.y.z"))?.reason == .unauthenticated)
      #expect(await harness.refusal(options: RolloutOptions(onBehalfOf: "boss"))?.reason == .notPermitted)
    }
  }
}

@Suite struct AuthorizationPolicyTests {
  private let policy = AuthorizationPolicy(
    administrators: [0], operatorGroups: [50], trustedUsers: [33], actors: [1000: "ops@example"])

  @Test(
    arguments: [
      (0, 0, [], [true, true, true]), (1000, 50, [], [true, true, false]), (1000, 1, [50], [true, true, false]),
      (33, 33, [], [true, true, false]), (4000, 4000, [], [false, false, false]),
    ] as [(UInt32, UInt32, [UInt32], [Bool])])
  func `who may read, write and administer`(user: UInt32, group: UInt32, more: [UInt32], expected: [Bool]) {
    let caller = Caller(processID: 1, userID: user, groupID: group, supplementaryGroupIDs: more)
    #expect(MethodClass.allCases.map { policy.permits(caller, $0) } == expected)
  }

  @Test func `the actor is the mapped subject, or whom a trusted peer names`() throws {
    let ops = Caller(processID: 1, userID: 1000, groupID: 50)
    let gateway = Caller(processID: 1, userID: 33, groupID: 33)
    #expect(try policy.actor(of: ops, token: "", onBehalfOf: "") == "ops@example")
    #expect(try policy.actor(of: gateway, token: "", onBehalfOf: "user-7") == "user-7")
    for name in [String(repeating: "x", count: 257), "user\u{1b}[2J"] {
      let error = #expect(throws: ServiceError.self) { try policy.actor(of: gateway, token: "", onBehalfOf: name) }
      #expect(error?.reason == .invalidArgument && error?.message.hasPrefix("on_behalf_of") == true)
    }
    #expect(try policy.actor(of: gateway, token: "", onBehalfOf: "") == nil)
  }
}
