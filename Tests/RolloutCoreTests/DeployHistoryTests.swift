import KubernetesObjects
import RolloutCore
import Testing

/// Which deploy a word means, and which may be a target. Histories are written the newest last.
@Suite struct DeployHistoryTests {
  private func deploy(
    _ id: String, _ image: String, _ status: DeployRecord.Status, current: Bool = false, of target: String? = nil,
    digest: String? = nil, at second: Int64
  ) -> DeployRecord {
    DeployRecord(
      id: id, imageRef: image, imageDigest: digest, status: status, current: current,
      createdAt: Timestamp(seconds: second), rollbackOf: target)
  }

  private func history(_ deploys: [DeployRecord], running: String?) -> DeployHistory {
    DeployHistory(app: "hello", deploys: deploys, running: running.flatMap { ImageReference($0) })
  }

  private func target(
    _ word: String, in history: DeployHistory, expect: String = ""
  ) throws(Refusal) -> DeployRecord {
    let target = try history.deploy(named: try TargetWord(word))
    if let refusal = RollbackPlan.obstacle(to: target, in: history, demands: .init(expectCurrent: expect)) {
      throw refusal
    }
    return target
  }

  private func refusal(_ word: String, _ history: DeployHistory, expect: String = "") -> RefusalReason? {
    do {
      _ = try target(word, in: history, expect: expect)
      return nil
    } catch {
      return error.reason
    }
  }

  /// Under one tag each deploy had another image; the template, written by others, has the tag alone.
  @Test func aTagThatNamesManyImagesMeansTheOneThatIsCurrent() throws {
    func digest(_ letter: String) -> String { "sha256:" + String(repeating: letter, count: 64) }
    let history = history(
      [
        deploy("01", "r/a:latest", .superseded, digest: digest("1"), at: 1),
        deploy("02", "r/a:latest", .superseded, digest: digest("2"), at: 2),
        deploy("03", "r/a:latest", .live, current: true, digest: digest("3"), at: 3),
      ], running: "r/a:latest")
    #expect(refusal("03", history) == .alreadyCurrent)
    #expect(refusal("01", history) == nil)
    #expect(try target("", in: history).id == "02")
  }

  // v1, v2 and v3 went live one after the other; one build failed, another is in progress.
  private var ordinary: DeployHistory {
    history(
      [
        deploy("33e7a810", "hello:building", .failed, at: 1), deploy("77aa01bc", "hello:v1", .superseded, at: 2),
        deploy("0bd91e44", "hello:v2", .superseded, at: 3), deploy("9f31c2a0", "hello:v3", .live, current: true, at: 4),
      ], running: "hello:v3")
  }

  @Test(arguments: [
    ("", "0bd91e44"), ("previous", "0bd91e44"), ("-1", "0bd91e44"), ("-2", "77aa01bc"), ("current", "9f31c2a0"),
    ("77aa01bc", "77aa01bc"), ("77A", "77aa01bc"), ("0", "0bd91e44"),
  ])
  func aWordMeansADeploy(word: String, id: String) throws {
    #expect(try ordinary.deploy(named: TargetWord(word)).id == id)
  }

  @Test(arguments: [
    ("33e7", RefusalReason.invalidRollbackTarget), ("9f31", .alreadyCurrent), ("current", .alreadyCurrent),
    ("ffff", .notFound), ("-3", .notFound), ("newest", .invalidArgument), ("'; drop", .invalidArgument),
  ])
  func whatIsNoTargetIsRefused(word: String, reason: RefusalReason) {
    #expect(refusal(word, ordinary) == reason)
  }

  @Test func anAmbiguousPrefixIsRefused() {
    let two = history(
      [deploy("aa01", "hello:v1", .superseded, at: 1), deploy("aa02", "hello:v2", .live, current: true, at: 2)],
      running: "hello:v2")
    #expect(refusal("aa", two) == .invalidArgument)
    #expect(refusal("aa01", two) == nil)
  }

  @Test(arguments: ["", ":building", "harbor/octave/hello:building", "not an image"])
  func aDeployThatNeverBuiltAnImageIsNoTarget(image: String) {
    let row = deploy("aa01", image, .failed, at: 1)
    #expect(row.image == nil && row.ineligibility(running: nil)?.reason == .invalidRollbackTarget)
  }

  @Test(arguments: [DeployRecord.Status.building, .deploying])
  func aDeployInProgressIsNoTarget(status: DeployRecord.Status) {
    #expect(deploy("aa01", "hello:v1", status, at: 1).ineligibility(running: nil)?.reason == .conflict)
  }

  @Test func aDeployThatFailedMayBeATarget() {
    #expect(deploy("aa01", "hello:v1", .failed, at: 1).ineligibility(running: nil) == nil)
  }

  /// v3 failed half-way: its image is in the template, v2 still counts as current, and v2 is what one wants back.
  @Test func afterAFailedDeployTheLastKnownGoodIsTheOneBeforeIt() throws {
    let failed = history(
      [
        deploy("01", "hello:v1", .superseded, at: 1), deploy("02", "hello:v2", .live, current: true, at: 2),
        deploy("03", "hello:v3", .failed, at: 3),
      ], running: "hello:v3")
    #expect(try target("", in: failed).id == "02")
    #expect(try target("current", in: failed).id == "02")
    #expect(failed.rolledBackFrom.isEmpty)
  }

  /// After a rollback from v3 to v1 nobody wants v3 by default; v2 is the newest that is left.
  @Test func whatWasRolledBackFromIsNoDefault() throws {
    let after = history(
      [
        deploy("01", "hello:v1", .superseded, at: 1), deploy("02", "hello:v2", .superseded, at: 2),
        deploy("03", "hello:v3", .superseded, at: 3), deploy("04", "hello:v1", .live, current: true, of: "01", at: 4),
      ], running: "hello:v1")
    #expect(after.rolledBackFrom == ["03"])
    #expect(try target("", in: after).id == "02")
    #expect(try target("03", in: after).id == "03", "asked for by name it is one")
    #expect(refusal("01", after) == .alreadyCurrent)
  }

  /// Somebody changed the image behind our back and was rolled back: the target itself is not what was replaced.
  @Test func aRollbackToTheNewestDeployReplacesNone() {
    let after = history(
      [
        deploy("01", "hello:v1", .superseded, at: 1), deploy("02", "hello:v2", .superseded, at: 2),
        deploy("03", "hello:v2", .live, current: true, of: "02", at: 3),
      ], running: "hello:v2")
    #expect(after.rolledBackFrom.isEmpty)
    #expect(after.lastKnownGood?.id == "01")
  }

  @Test func withNothingLeftThereIsNoDefault() {
    let only = history([deploy("01", "hello:v1", .live, current: true, at: 1)], running: "hello:v1")
    #expect(refusal("", only) == .notFound)
    #expect(refusal("", history([], running: nil)) == .notFound)
  }

  /// The template is pinned after a rollback; the recorded digest tells that it is the same image.
  @Test func whatRunsIsComparedByDigest() {
    let digest = "sha256:" + String(repeating: "a", count: 64)
    let other = "sha256:" + String(repeating: "b", count: 64)
    let running = ImageReference("hello:v2@" + digest)
    #expect(deploy("01", "hello:v2", .superseded, digest: digest, at: 1).ineligibility(running: running) != nil)
    #expect(deploy("01", "hello:v2", .superseded, digest: other, at: 1).ineligibility(running: running) == nil)
  }

  @Test func theExpectedCurrentDeployMustBeIt() {
    #expect(refusal("77aa", ordinary, expect: "9f31") == nil)
    #expect(refusal("77aa", ordinary, expect: "0bd9") == .expectationFailed)
    #expect(refusal("77aa", ordinary, expect: "eeee") == .expectationFailed)
    #expect(refusal("77aa", ordinary, expect: "newest") == .invalidArgument)
    #expect(refusal("77aa", ordinary, expect: "current") == nil)
  }

  @Test func theOrderOfTheRowsDoesNotMatter() throws {
    let shuffled = DeployHistory(app: "hello", deploys: ordinary.deploys.reversed(), running: ordinary.running)
    #expect(try shuffled.deploy(named: .back(2)).id == "77aa01bc")
  }

  /// v3 failed half-way and its image is in the template: a rollback *to* it is a new try, not "already current".
  @Test func whatFailedIsNotWhatRuns() {
    let failed = history(
      [
        deploy("01", "hello:v1", .superseded, at: 1), deploy("02", "hello:v2", .live, current: true, at: 2),
        deploy("03", "hello:v3", .failed, at: 3),
      ], running: "hello:v3")
    #expect(refusal("03", failed) == nil)
    #expect(refusal("02", failed) == nil)
    #expect(failed.lastKnownGood?.id == "02")
  }

  /// Somebody set v1 by hand: going back to it is done and recorded; by default what the records say ran is wanted.
  @Test func whatWasSetByHandIsNoDefaultAndMayBeNamed() {
    let drifted = history(
      [deploy("01", "hello:v1", .superseded, at: 1), deploy("02", "hello:v2", .live, current: true, at: 2)],
      running: "hello:v1")
    #expect(drifted.lastKnownGood?.id == "02")
    #expect(refusal("01", drifted) == nil)
  }

  @Test(
    arguments: [
      ("image_gone", .imageGone), ("image_blocked", .imageBlocked), ("held by legal", .invalidRollbackTarget),
    ]
      as [(String, RefusalReason)])
  func whatIsRecordedAsLostIsNoTarget(barrier: String, reason: RefusalReason) {
    var lost = deploy("02", "hello:v2", .superseded, at: 2)
    lost.barrier = barrier
    let known = history(
      [deploy("01", "hello:v1", .superseded, at: 1), lost, deploy("03", "hello:v3", .live, current: true, at: 3)],
      running: "hello:v3")
    #expect(known.lastKnownGood?.id == "01")
    #expect(refusal("02", known) == reason)
  }

  @Test func olderDeploysAreAskedForOnlyWhereTheyDecide() {
    let part = history([deploy("09", "hello:v3", .live, current: true, at: 9)], running: "hello:v3")
    #expect(part.needsOlder(for: .lastKnownGood))
    #expect(part.needsOlder(for: .back(1)))
    #expect(!part.needsOlder(for: .current) && !part.needsOlder(for: .id(beginning: "01")))
    #expect(!ordinary.needsOlder(for: .lastKnownGood) && !ordinary.needsOlder(for: .back(2)))
    #expect(ordinary.needsOlder(for: .back(3)))
  }

  @Test func whatWasRolledBackFromMayBeToldFromOutside() {
    let told = DeployHistory(
      app: "hello", deploys: ordinary.deploys, running: ordinary.running, rolledBackFrom: ["0bd91e44"])
    #expect(told.lastKnownGood?.id == "77aa01bc")
  }
}
