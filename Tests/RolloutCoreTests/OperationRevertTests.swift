import KubernetesObjects
import RolloutCore
import Testing

/// Putting the image back that ran before: intent before effect, once, and only over what failed.
extension OperationStateMachineTests {
  static let failed = OperationEvent.verdict(.failed(RolloutFailure(cause: .doomed, sentence: "web exits 1")))
  static let overtaken = OperationEvent.deploymentRead(
    DeploymentReading(uid: "dep", finding: .decision(.overtaken(image: "a:v9"))))

  /// Failed after its patch, with the policy to revert.
  private func failing() -> Operation {
    var operation = Operation.created(reverts: true)
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.feed(Self.failed)
    return operation
  }

  /// Recorded, read, and patched back.
  private func puttingBack() -> Operation {
    var operation = failing()
    operation.feed(.revertRecorded)
    operation.feed(Self.needed)
    operation.renewed()
    operation.feed(.patched)
    return operation
  }

  @Test func aFailureIsWrittenDownBeforeAnythingIsPutBack() {
    var operation = failing()
    guard case .recordRevert(let failure, 7) = operation.log.last else {
      Issue.record("not recorded: \(operation.log)")
      return
    }
    #expect(failure.sentence == "web exits 1")
    #expect(operation.feed(Self.needed).isEmpty && operation.feed(Self.ready).isEmpty)
    #expect(operation.feed(.revertRecorded) == [.tell(.reverting("web exits 1")), .readDeployment])
    #expect(operation.machine.reverting == failure)
    #expect(operation.feed(Self.needed) == [.renewLease(fence: 7)], "the lease is confirmed before every later patch")
    #expect(operation.renewed() == [.patch(Self.patch)])
    #expect(operation.feed(.patched) == [.startWaiting])
    let last = outcome(operation.feed(Self.ready))
    #expect(last?.kind == .reverted)
    #expect(last?.status == .failed)
    #expect(last?.remains == .putBack)
    #expect(last?.sentence == "web exits 1; the image that ran before was put back")
  }

  @Test func withoutThePolicyAFailureIsTheEnd() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    let last = outcome(operation.feed(Self.failed))
    #expect(last?.kind == .failed)
    #expect(last?.remains == .newImage)
  }

  /// The loop guard: a revert is never itself reverted, and both failures are told.
  @Test func aRevertThatFailsIsNotReverted() {
    var operation = puttingBack()
    let last = outcome(operation.feed(Self.failed))
    #expect(last?.kind == .failed)
    #expect(last?.sentence == "web exits 1; putting the image back that ran before failed too: web exits 1")
    #expect(last?.remains == .puttingBack)
    #expect(operation.log.filter { if case .recordRevert = $0 { true } else { false } }.count == 1)
  }

  @Test func whatSomebodyDeployedOnTopIsNotReverted() {
    var operation = failing()
    operation.feed(.revertRecorded)
    let last = outcome(operation.feed(Self.overtaken))
    #expect(last?.kind == .superseded)
    #expect(last?.sentence == "web exits 1; not reverted, because somebody deployed image a:v9 on top")
  }

  @Test(arguments: [
    RolloutOutcome.superseded(image: "a:v9"), .deleted(.gone), .deleted(.recreated), .ready(nil),
  ])
  func onlyAFailedRolloutIsReverted(verdict: RolloutOutcome) {
    var operation = Operation.created(reverts: true)
    operation.feed(Self.needed)
    operation.feed(.patched)
    #expect(outcome(operation.feed(.verdict(verdict))) != nil)
  }

  @Test func aPatchThatNeverGotInIsNotReverted() {
    var operation = Operation.created(reverts: true)
    operation.feed(Self.needed)
    #expect(outcome(operation.feed(.patchRefused("quota")))?.remains == .untouched)
  }

  /// Crash points: whoever takes over goes on with the revert, whether or not its patch was applied.
  @Test func aTakeoverGoesOnWithARevert() {
    let failure = OperationOutcome(.timedOut, sentence: "not ready within 60 s")
    var before = Operation.resuming(uid: "dep", reverting: failure)
    before.feed(.leaseClaimed(fence: 9, sentAt: before.origin))
    before.feed(Self.needed)
    #expect(before.renewed() == [.patch(Self.patch)])
    var after = Operation.resuming(uid: "dep", reverting: failure)
    after.feed(.leaseClaimed(fence: 9, sentAt: after.origin))
    #expect(after.feed(Self.applied) == [.tell(.patchFoundApplied), .startWaiting])
    #expect(outcome(after.feed(Self.ready))?.kind == .reverted)
    #expect(outcome(before.feed(.patchRefused("quota")))?.kind == .timedOut)
  }

  @Test func aRecordThatPostgresDoesNotAnswerIsWrittenAgain() {
    var operation = failing()
    #expect(operation.feed(.revertUnrecorded) == [.tell(.databaseUnavailable)])
    let again = operation.pass(.milliseconds(250))
    #expect(again.contains { if case .recordRevert = $0 { true } else { false } })
    #expect(operation.feed(.revertRecorded).contains(.readDeployment))
  }

  @Test func aHolderOfBeforeDoesNotRevert() {
    var operation = failing()
    #expect(operation.feed(.leaseLost) == [.end(.lost)])
    #expect(operation.feed(.revertRecorded).isEmpty)
  }

  @Test func aRevertMayBeCancelledAndGivenAway() {
    var recording = failing()
    let early = outcome(recording.feed(.cancelRequested(by: "ops")))
    #expect(early?.kind == .cancelled && early?.remains == .newImage)
    var waiting = puttingBack()
    let late = outcome(waiting.feed(.cancelRequested(by: "ops")))
    #expect(late?.kind == .cancelled && late?.remains == .puttingBack)
    #expect(late?.sentence.hasSuffix("(it had failed: web exits 1)") == true)
    var given = puttingBack()
    #expect(given.feed(.drain) == [.stopWaiting, .releaseLease(fence: 7), .end(.handedOver)])
  }

  // MARK: The lease before a later patch

  @Test func aRenewalThatWasSentBeforeTheReadingConfirmsNothing() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchConflict)
    operation.pass(.seconds(5))
    #expect(operation.log.contains(.renewLease(fence: 7)) && operation.log.last != nil)
    #expect(operation.feed(Self.needed).isEmpty, "one is under way, of before the reading")
    #expect(operation.renewed() == [.renewLease(fence: 7)])
    #expect(operation.renewed() == [.patch(Self.patch)])
  }

  /// Whatever may have crossed: only a renewal that was sent after the reading says that the lease is ours still.
  @Test func aRenewalIsJudgedByWhenItWasSent() {
    var operation = Operation.resuming(uid: "dep")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    operation.pass(.seconds(1))
    operation.feed(Self.needed)
    let before = operation.origin.advanced(by: .milliseconds(999))
    #expect(operation.feed(.leaseRenewed(sentAt: before)) == [.renewLease(fence: 8)])
    #expect(operation.renewed() == [.patch(Self.patch)])
  }

  /// Its place was taken while it met a conflict: what it read then may be what its successor wrote.
  @Test func aHolderWhosePlaceWasTakenPatchesNoMore() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchConflict)
    operation.pass(.milliseconds(10))
    operation.feed(Self.needed)
    #expect(operation.feed(.leaseLost) == [.end(.lost)])
  }

  @Test func whileTheLeaseCannotBeConfirmedNothingIsPatched() {
    var operation = Operation.resuming(uid: "dep")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    operation.feed(Self.needed)
    operation.feed(.databaseUnavailable)
    let later = operation.pass(.seconds(1))
    #expect(later.contains(.renewLease(fence: 8)))
    #expect(!later.contains(.patch(Self.patch)))
    #expect(operation.renewed().contains(.patch(Self.patch)))
  }

  @Test func aHintRenewsAtOnceAndNeverTwiceAtATime() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    #expect(operation.feed(.recordChanged) == [.renewLease(fence: 7)])
    #expect(operation.feed(.recordChanged).isEmpty)
    #expect(operation.renewed() == [.renewLease(fence: 7)])
    #expect(operation.renewed().isEmpty)
  }

  @Test func aHintThatComesWithTheClaimIsFollowedOnceTheLeaseIsOurs() {
    var operation = Operation.resuming()
    #expect(operation.feed(.recordChanged).isEmpty)
    let actions = operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    #expect(actions == [.tell(.takenOver), .readDeployment, .renewLease(fence: 8)])
  }

  @Test func aCancellationDoesNotWaitForAnApiServerThatStaysAway() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchUnknown())
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
    var last: OperationOutcome?
    for _ in 0..<20 where last == nil {
      if operation.pass(.seconds(1)).contains(.readDeployment) { last = outcome(operation.feed(.readFailed())) }
      operation.renewed()
    }
    #expect(last?.kind == .cancelled && last?.remains == .unknown)
    #expect(last?.sentence == "cancelled by ops; whether the patch was applied is unknown")
    #expect(operation.elapsed < .seconds(10))
  }
}
