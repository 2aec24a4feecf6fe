import KubernetesObjects
import RolloutCore
import Testing

@Suite struct RollbackPlanTests {
  private static let digest = "sha256:" + String(repeating: "1c9e", count: 16)

  private var target: DeployRecord {
    DeployRecord(
      id: "0bd91e44", imageRef: "harbor/octave/hello:v2", imageDigest: Self.digest, status: .superseded,
      createdAt: Timestamp(seconds: 1))
  }

  private func plan(
    _ target: DeployRecord? = nil, _ facts: RollbackPlan.Facts = .init(registry: .present), requireCheck: Bool = false
  ) throws(Refusal) -> RollbackPlan {
    let target = target ?? self.target
    let history = DeployHistory(app: "hello", deploys: [target], running: nil)
    let plan = try RollbackPlan.examine(
      target, in: history, facts: facts, demands: .init(requireImageCheck: requireCheck))
    if let refusal = plan.refusal { throw refusal }
    return plan
  }

  @Test func theImageIsPinnedToItsRecordedDigest() throws {
    let plan = try plan()
    #expect(plan.image.description == "harbor/octave/hello:v2@" + Self.digest)
    #expect(plan.warnings.isEmpty)
  }

  @Test func withoutADigestTheTagIsUsedAndThatIsSaid() throws {
    var target = target
    target.imageDigest = nil
    let plan = try plan(target)
    #expect(plan.image.description == "harbor/octave/hello:v2")
    #expect(plan.warnings.map(\.code) == [.digestUnknown])
  }

  /// The wording is a public contract.
  @Test func migrationsWarnInTheExactWordsAndAreListed() throws {
    let migrations = [
      MigrationRecord(version: "0042", name: "orders_add_note", appliedAt: Timestamp(seconds: 60)),
      MigrationRecord(version: "0043", name: "", appliedAt: Timestamp(seconds: 120)),
    ]
    let warning = try plan(nil, .init(migrations: migrations, registry: .present)).warnings.first
    #expect(warning?.code.rawValue == "schema_mismatch")
    #expect(warning?.message == "Migrations have been applied since this deploy. Schema mismatch possible.")
    #expect(warning?.details == ["0042_orders_add_note (1970-01-01T00:01:00Z)", "0043 (1970-01-01T00:02:00Z)"])
  }

  @Test(arguments: [
    (RegistryVerdict.gone, RefusalReason.imageGone), (.blocked("scan pending"), .imageBlocked),
  ])
  func goneAndBlockedImagesAreRefused(verdict: RegistryVerdict, reason: RefusalReason) {
    #expect(performing: { try plan(nil, .init(registry: verdict)) }, throws: { ($0 as? Refusal)?.reason == reason })
  }

  @Test(arguments: [RegistryVerdict.unreachable("timed out"), .notAsked])
  func aRegistryThatCannotBeAskedOnlyWarns(verdict: RegistryVerdict) throws {
    #expect(try plan(nil, .init(registry: verdict)).warnings.map(\.code) == [.imageUnverified])
    #expect(
      performing: { try plan(nil, .init(registry: verdict), requireCheck: true) },
      throws: { ($0 as? Refusal)?.reason == .unavailable })
  }

  @Test func aMovedTagWarnsAndTheRecordedDigestIsUsed() throws {
    let plan = try plan(nil, .init(registry: .moved(present: "sha256:new")))
    #expect(plan.warnings.map(\.code) == [.tagMoved])
    #expect(plan.image.digest == Self.digest)
  }

  @Test func aTargetThatFailedItselfWarns() throws {
    var target = target
    target.status = .failed
    #expect(try plan(target).warnings.map(\.code) == [.targetFailedBefore])
  }

  @Test func aTargetThatNeverWentLiveWarns() throws {
    var target = target
    target.status = .cancelled
    #expect(try plan(target).warnings.map(\.message) == ["Deploy 0bd91e44 itself never went live."])
  }

  @Test func theLiveObjectsPeculiaritiesWarn() throws {
    var deployment = Objects.deployment(replicas: 0)
    deployment.spec.strategy.rollingUpdate = .init(maxSurge: .string("25%"), maxUnavailable: .string("25%"))
    let facts = RollbackPlan.Facts(
      registry: .present, deployment: deployment, isAutoscaled: true, changedEnvironment: ["DB_POOL"])
    let warnings = try plan(nil, facts).warnings
    #expect(warnings.map(\.code) == [.environmentChanged, .autoscalerActive, .scaledToZero, .strategyDiffers])
    #expect(warnings.first?.details == ["DB_POOL"])
    #expect(try plan(nil, .init(registry: .present, deployment: Objects.deployment())).warnings.isEmpty)
  }

  @Test func aTargetWithoutAnImageIsRefused() {
    var target = target
    target.imageRef = "hello:building"
    #expect(performing: { try plan(target) }, throws: { ($0 as? Refusal)?.reason == .invalidRollbackTarget })
  }

  /// Stored, sent and scripted against: never renamed.
  @Test func theCodesAndReasonsAreTheContracts() {
    #expect(
      PlanWarning.Code.allCases.map(\.rawValue) == [
        "schema_mismatch", "image_unverified", "tag_moved", "digest_unknown", "target_failed_before",
        "environment_changed", "scaled_to_zero", "autoscaler_active", "strategy_differs",
      ])
    #expect(
      RefusalReason.allCases.map(\.rawValue) == [
        "invalid_rollback_target", "invalid_argument", "not_found", "conflict", "already_current", "image_gone",
        "image_blocked", "deployment_paused", "deployment_deleted", "deployment_recreate", "expectation_failed",
        "not_permitted", "unauthenticated", "unavailable", "deadline_exceeded", "resource_exhausted",
      ])
  }
}
