/// Putting the image back that ran before, after the rollout of a new one has failed.
extension OperationStateMachine {
  /// The verdict has come: the operation's outcome, or the reason to revert.
  mutating func conclude(_ verdict: RolloutOutcome, _ actions: inout [OperationAction]) {
    let outcome = OperationOutcome(verdict)
    // Only a rollout that failed: what was deleted or deployed over is not ours to change any more.
    guard settings.revertsOnFailure, reverting == nil, outcome.failure != nil else {
      finishPass(outcome, &actions)
      return
    }
    record(outcome, &actions)
  }

  mutating func record(_ failure: OperationOutcome, _ actions: inout [OperationAction]) {
    guard let lease else { return }
    state = .recording(failure, writing: true)
    retryAt = nil
    actions.append(.recordRevert(failure, fence: lease.fence))
  }

  mutating func revertUnrecorded(at now: Instant, _ actions: inout [OperationAction]) {
    // In `finishing` it was cancelled meanwhile: the outcome's own writing goes on.
    guard case .recording(let failure, writing: true) = state else { return }
    databaseFailed(&actions)
    state = .recording(failure, writing: false)
    retryAt = now.advanced(by: backOff(databaseFailures))
  }

  /// From here on whoever holds the operation reverts: begins the second pass.
  mutating func revertRecorded(at now: Instant, _ actions: inout [OperationAction]) {
    guard case .recording(let failure, _) = state else { return }
    databaseAnswered(&actions)
    reverting = failure
    conflicts = 0
    lostPatches = 0
    apiFailures = 0
    isPatched = false
    isPatchUncertain = false
    isReadingCovered = false
    retryAt = nil
    patchUntil = now.advanced(by: settings.revertTimeout)
    giveUpAt = patchUntil
    actions.append(.tell(.reverting(failure.sentence)))
    read(at: now, &actions)
  }

  /// What an operation comes to whose rollout ended in `failure` and whose revert ended in `end`.
  static func outcome(of failure: OperationOutcome, revertedWith end: OperationOutcome) -> OperationOutcome {
    switch end.kind {
    case .succeeded, .reverted:
      OperationOutcome(
        .reverted, sentence: "\(failure.sentence); the image that ran before was put back", failure: failure.failure,
        proof: end.proof)
    case .superseded:
      OperationOutcome(
        .superseded, sentence: "\(failure.sentence); not reverted, because \(end.sentence)", failure: failure.failure)
    case .cancelled:
      OperationOutcome(
        .cancelled, sentence: "\(end.sentence) (it had failed: \(failure.sentence))", failure: failure.failure)
    case .failed, .timedOut:
      OperationOutcome(
        failure.kind,
        sentence: "\(failure.sentence); putting the image back that ran before failed too: \(end.sentence)",
        failure: failure.failure)
    }
  }
}
