import KubernetesObjects
import RolloutCore
import Testing

/// Ending an operation that somebody no longer wants, and what may be said of the cluster then.
extension OperationStateMachineTests {
  // MARK: Cancelling

  @Test func cancelledBeforeThePatchNothingIsChanged() {
    var operation = Operation.created()
    let outcome = outcome(operation.feed(.cancelRequested(by: "ops")))
    #expect(outcome?.kind == .cancelled)
    #expect(outcome?.sentence == "cancelled by ops; nothing was changed in the cluster")
    #expect(operation.feed(Self.needed).isEmpty, "the reading under way does not lead to a patch any more")
  }

  @Test func cancelledDuringThePatchItsAnswerIsWaitedFor() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
    let outcome = outcome(operation.feed(.patched))
    #expect(outcome?.kind == .cancelled)
    #expect(outcome?.sentence.contains("left on the new image") == true)
  }

  @Test func cancelledDuringAPatchThatNeverArrivedItIsNotSentAgain() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.cancelRequested(by: "ops"))
    operation.feed(.patchUnknown())
    operation.pass(.milliseconds(250))
    #expect(operation.feed(Self.needed) == [.fence(Self.patch)])
    #expect(outcome(operation.feed(.fenced))?.sentence == "cancelled by ops; nothing was changed in the cluster")
  }

  // MARK: Cancelling, with a patch lost

  /// A holder that was frozen before it sent its patch would bring it in after the end: the reading proves nothing.
  @Test func afterATakeoverACancelledOperationFencesTheDeploymentBeforeItEnds() {
    var operation = Operation.resuming(uid: "dep")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
    #expect(operation.feed(Self.needed) == [.fence(Self.patch)])
    let end = outcome(operation.feed(.fenced))
    #expect(end?.kind == .cancelled && end?.remains == .untouched)
  }

  @Test func cancelledWhileALaterPatchIsConfirmedItFencesInstead() {
    var operation = Operation.resuming(uid: "dep")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    operation.feed(Self.needed)
    #expect(operation.feed(.cancelRequested(by: "ops")) == [.fence(Self.patch)])
    #expect(operation.renewed().isEmpty, "what was to be patched is not patched any more")
    #expect(outcome(operation.feed(.fenced))?.remains == .untouched)
  }

  /// Whoever changed the Deployment before the fence came may have been the patch itself.
  @Test func aFenceThatMeetsANewerObjectReadsAgain() {
    var operation = Operation.resuming(uid: "dep")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    operation.feed(.cancelRequested(by: "ops"))
    operation.feed(Self.needed)
    #expect(operation.feed(.patchConflict) == [.tell(.patchConflict(attempt: 1))])
    #expect(operation.pass(.milliseconds(10)).contains(.readDeployment))
    #expect(outcome(operation.feed(Self.applied))?.remains == .newImage)
  }

  @Test(arguments: [OperationEvent.patchRefused("forbidden"), .patchUnknown()])
  func withoutAFenceItIsNotSaidThatNothingWasChanged(answer: OperationEvent) {
    var operation = Operation.resuming(uid: "dep")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    operation.feed(.cancelRequested(by: "ops"))
    var end: OperationOutcome?
    for _ in 0..<20 where end == nil {
      operation.feed(Self.needed)
      end = outcome(operation.feed(answer))
      operation.pass(.seconds(1))
      operation.renewed()
    }
    #expect(end?.remains == .unknown)
    #expect(end?.sentence == "cancelled by ops; whether the patch was applied is unknown")
    #expect(operation.elapsed < .seconds(10))
  }

  @Test func theFenceChangesAnAnnotationOfTheSameVersionAndNothingElse() {
    #expect(
      Self.patch.fence(of: "d1").json
        == #"{"metadata":{"uid":"dep","resourceVersion":"\#(Self.patch.resourceVersion)","#
        + #""annotations":{"rollbackd.io/fenced":"d1"}}}"#)
  }

  @Test func cancelledWhileTheFateOfThePatchIsUnknownItIsFoundOutFirst() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchUnknown())
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
    operation.pass(.milliseconds(250))
    let actions = operation.feed(Self.applied)
    #expect(outcome(actions)?.sentence.contains("left on the new image") == true)
    #expect(!actions.contains(.startWaiting))
  }

  @Test func cancelledWhileWaitingTheRolloutGoesOn() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    let actions = operation.feed(.cancelRequested(by: "ops"))
    #expect(actions.first == .stopWaiting)
    #expect(outcome(actions)?.status == .cancelled)
    #expect(operation.feed(Self.ready).isEmpty, "a verdict that crossed")
  }

  @Test func onceItIsDecidedItIsTooLateToCancel() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.feed(Self.ready)
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
  }
}
