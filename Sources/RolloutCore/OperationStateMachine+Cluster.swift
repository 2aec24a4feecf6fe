extension OperationStateMachine {
  /// Reads the Deployment, if the lease allows to act on what is read; else the renewal will.
  mutating func read(at now: Instant, _ actions: inout [OperationAction]) {
    guard mayAct(at: now) else {
      state = .claimed(reading: false)
      return
    }
    state = .claimed(reading: true)
    actions.append(.readDeployment)
  }

  mutating func deploymentRead(
    _ reading: DeploymentReading, at now: Instant, _ actions: inout [OperationAction]
  ) {
    guard case .claimed(reading: true) = state else { return }
    state = .claimed(reading: false)
    apiFailures = 0
    if case .missing = reading.finding {
      finish(OperationOutcome(.failed, sentence: "the deployment does not exist" + untouched), &actions)
      return
    }
    if let uid, uid != reading.uid {
      finish(OperationOutcome(RolloutOutcome.deleted(.recreated)), &actions)
      return
    }
    uid = reading.uid
    switch reading.finding {
    case .missing: break
    case .refused(let refusal):
      finish(OperationOutcome(.failed, sentence: refusal.description + untouched), &actions)
    case .decision(.overtaken(let image)):
      finish(OperationOutcome(RolloutOutcome.superseded(image: image)), &actions)
    case .decision(.alreadyApplied):
      actions.append(.tell(.patchFoundApplied))
      wait(&actions)
    case .decision(.apply(let patch)):
      // Between reading and now the lease may have lapsed: then read again when it is renewed.
      isPatchUncertain = false
      if let cancellation {
        finish(cancelled(by: cancellation, isPatched: false), &actions)
        return
      }
      guard mayAct(at: now) else { return }
      state = .patching
      actions.append(.patch(patch))
    }
  }

  mutating func readFailed(at now: Instant, _ actions: inout [OperationAction]) {
    guard case .claimed(reading: true) = state else { return }
    readLater(at: now, &actions)
  }

  private mutating func readLater(at now: Instant, _ actions: inout [OperationAction]) {
    apiFailures += 1
    if apiFailures == 1 { actions.append(.tell(.apiServerUnavailable)) }
    state = .claimed(reading: false)
    retryAt = now.advanced(by: backOff(apiFailures))
  }

  mutating func patched(_ actions: inout [OperationAction]) {
    guard case .patching = state else { return }
    wait(&actions)
  }

  /// The patch is in. A cancellation that came meanwhile is carried out now.
  private mutating func wait(_ actions: inout [OperationAction]) {
    if let cancellation {
      finish(cancelled(by: cancellation, isPatched: true), &actions)
      return
    }
    state = .waiting
    actions.append(.startWaiting)
  }

  mutating func patchConflict(at now: Instant, _ actions: inout [OperationAction]) {
    guard case .patching = state else { return }
    conflicts += 1
    guard conflicts <= settings.maximumConflicts else {
      let sentence = "the deployment was changed by others \(conflicts) times while it was being patched"
      finish(OperationOutcome(.failed, sentence: sentence + untouched), &actions)
      return
    }
    actions.append(.tell(.patchConflict(attempt: conflicts)))
    // 10 ms, then four times as long each: the writer of before is soon done.
    state = .claimed(reading: false)
    retryAt = now.advanced(by: .milliseconds(10) * (1 << (2 * (conflicts - 1))))
  }

  mutating func patchUnknown(at now: Instant, _ actions: inout [OperationAction]) {
    guard case .patching = state else { return }
    isPatchUncertain = true
    actions.append(.tell(.patchUnknown))
    readLater(at: now, &actions)
  }

  mutating func patchRefused(_ why: String, _ actions: inout [OperationAction]) {
    guard case .patching = state else { return }
    let sentence = "the API server refused the patch: \(why.oneLine())"
    finish(OperationOutcome(.failed, sentence: sentence + untouched), &actions)
  }

  mutating func cancel(_ who: String, _ actions: inout [OperationAction]) {
    switch state {
    case .patching: cancellation = cancellation ?? who
    case .claimed:
      // After a patch whose fate is unknown what the cluster is left on must be found out first.
      if isPatchUncertain {
        cancellation = cancellation ?? who
      } else {
        finish(cancelled(by: who, isPatched: false), &actions)
      }
    case .waiting:
      actions.append(.stopWaiting)
      finish(cancelled(by: who, isPatched: true), &actions)
    // Not ours to end, or decided already.
    case .intended, .finishing, .ended: break
    }
  }

  private func cancelled(by who: String, isPatched: Bool) -> OperationOutcome {
    let left = isPatched ? "; the cluster is left on the new image and goes on rolling it out" : untouched
    return OperationOutcome(.cancelled, sentence: "cancelled by \(who.oneLine(limit: 80))\(left)")
  }

  /// Time is up and the patch is not in, or is not known to be.
  mutating func giveUp(_ actions: inout [OperationAction]) {
    let reason = apiFailures > 0 ? "the API server could not be reached" : "the patch could not be brought in"
    let left = isPatchUncertain ? "; whether the patch was applied is unknown" : untouched
    finish(
      OperationOutcome(.timedOut, sentence: "\(reason) within \(settings.timeout.inWords)\(left)"), &actions)
  }

  private var untouched: String { isPatchUncertain ? "" : "; nothing was changed in the cluster" }

  // MARK: The outcome

  mutating func finish(_ outcome: OperationOutcome, _ actions: inout [OperationAction]) {
    retryAt = nil
    write(outcome, &actions)
  }

  mutating func write(_ outcome: OperationOutcome, _ actions: inout [OperationAction]) {
    guard let lease else { return }
    state = .finishing(outcome, writing: true)
    actions.append(.writeOutcome(outcome, fence: lease.fence))
  }

  mutating func settled(_ ending: OperationAction.Ending, _ actions: inout [OperationAction]) {
    guard case .finishing = state else { return }
    databaseAnswered(&actions)
    end(ending, &actions)
  }
}
