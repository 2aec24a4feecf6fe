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
    apiTrouble = nil
    let isCovered = isReadingCovered
    isReadingCovered = false
    if case .missing = reading.finding {
      finishPass(OperationOutcome(.failed, sentence: "the deployment does not exist" + untouched), &actions)
      return
    }
    if let uid, uid != reading.uid {
      finishPass(OperationOutcome(RolloutOutcome.deleted(.recreated)), &actions)
      return
    }
    uid = reading.uid
    switch reading.finding {
    case .missing: break
    case .refused(let refusal):
      finishPass(OperationOutcome(.failed, sentence: refusal.description + untouched), &actions)
    case .decision(.overtaken(let image)):
      finishPass(OperationOutcome(RolloutOutcome.superseded(image: image)), &actions)
    case .decision(.alreadyApplied):
      actions.append(.tell(.patchFoundApplied))
      wait(&actions)
    case .decision(.apply(let patch)):
      if now >= patchUntil { withdrawal = withdrawal ?? .late }
      if let withdrawal, !isPatchUncertain {
        finishPass(outcome(of: withdrawal), &actions)
        return
      }
      // Between reading and now the lease may have lapsed: then read again when it is renewed.
      guard mayAct(at: now) else { return }
      if withdrawal != nil {
        fence(patch, &actions)
      } else if isCovered {
        send(patch, &actions)
      } else {
        confirm(patch, at: now, &actions)
      }
    }
  }

  /// The reading is good for as long as nobody has the lease who patches: asks the database once more.
  private mutating func confirm(_ patch: ImagePatch, at now: Instant, _ actions: inout [OperationAction]) {
    state = .confirming(patch, since: now)
    renewAgain(&actions)
  }

  /// The lease was ours when the renewal that was sent at `sentAt` was carried out.
  mutating func confirmed(_ sentAt: Instant, at now: Instant, _ actions: inout [OperationAction]) {
    guard case .confirming(let patch, let since) = state else { return }
    // Sent before the Deployment was read, and answered late: it says nothing about now.
    guard sentAt >= since else { return renewAgain(&actions) }
    // An answer that took most of the lease's length is worth nothing: once more, from the reading on. So is one that
    // came when it is too late to patch.
    guard mayAct(at: now), now < patchUntil else {
      state = .claimed(reading: false)
      retryAt = now
      return
    }
    send(patch, &actions)
  }

  private mutating func send(_ patch: ImagePatch, _ actions: inout [OperationAction]) {
    state = .patching
    actions.append(.patch(patch))
  }

  private mutating func fence(_ patch: ImagePatch, _ actions: inout [OperationAction]) {
    state = .fencing
    actions.append(.fence(patch))
  }

  mutating func fenced(_ actions: inout [OperationAction]) {
    guard case .fencing = state, let withdrawal else { return }
    isPatchUncertain = false
    finishPass(outcome(of: withdrawal), &actions)
  }

  mutating func readFailed(_ retryAfter: Duration?, at now: Instant, _ actions: inout [OperationAction]) {
    guard case .claimed(reading: true) = state else { return }
    isReadingCovered = false
    readLater(retryAfter, at: now, &actions)
  }

  /// How many requests in a row may fail before an operation that is withdrawn ends without knowing what is patched.
  static let patienceOfWithdrawal = 4
  /// How long it waits for the next of them at most.
  static let longestPauseOfWithdrawal = Duration.seconds(4)

  /// Not before the server wants to be asked again.
  private mutating func readLater(_ retryAfter: Duration?, at now: Instant, _ actions: inout [OperationAction]) {
    apiFailures += 1
    let asked = retryAfter.map { min($0, OperationSettings.longestRetryAfter) }
    let trouble: APITrouble = asked == nil ? .isAway : .isBusy
    if trouble != apiTrouble { actions.append(.tell(asked.map { .apiServerBusy($0) } ?? .apiServerUnavailable)) }
    apiTrouble = trouble
    state = .claimed(reading: false)
    retryAt = now.advanced(by: max(backOff(max(apiFailures, lostPatches)), asked ?? .zero))
    if apiFailures >= Self.patienceOfWithdrawal {
      endWithdrawn(&actions)
    } else {
      endWithdrawn(insteadOfWaitingFrom: now, &actions)
    }
  }

  /// Whoever cancels waits for no API server that stays away, and for none that asks for long patience.
  private mutating func endWithdrawn(insteadOfWaitingFrom now: Instant, _ actions: inout [OperationAction]) {
    guard apiTrouble == .isBusy, let retryAt, now.duration(to: retryAt) > Self.longestPauseOfWithdrawal else { return }
    endWithdrawn(&actions)
  }

  private mutating func endWithdrawn(_ actions: inout [OperationAction]) {
    if let withdrawal { finishPass(outcome(of: withdrawal), &actions) }
  }

  mutating func patched(_ actions: inout [OperationAction]) {
    guard case .patching = state else { return }
    wait(&actions)
  }

  /// The patch is in. A cancellation that came meanwhile is carried out now.
  private mutating func wait(_ actions: inout [OperationAction]) {
    isPatched = true
    // That it comes late is no matter once the patch is in.
    if case .cancelled? = withdrawal, let withdrawal {
      finishPass(outcome(of: withdrawal), &actions)
      return
    }
    withdrawal = nil
    state = .waiting
    actions.append(.startWaiting)
  }

  mutating func patchConflict(at now: Instant, _ actions: inout [OperationAction]) {
    guard isPatching else { return }
    conflicts += 1
    guard conflicts <= settings.maximumConflicts else {
      if let withdrawal { return finishPass(outcome(of: withdrawal), &actions) }
      let sentence = "the deployment was changed by others \(conflicts) times while it was being patched"
      finishPass(OperationOutcome(.failed, sentence: sentence + untouched), &actions)
      return
    }
    actions.append(.tell(.patchConflict(attempt: conflicts)))
    // 10 ms, then four times as long each: the writer of before is soon done.
    state = .claimed(reading: false)
    retryAt = now.advanced(by: .milliseconds(10) * (1 << (2 * (conflicts - 1))))
  }

  /// As a reading that failed: nothing is uncertain that was not before.
  mutating func patchUnsent(at now: Instant, _ actions: inout [OperationAction]) {
    switch state {
    case .patching:
      if let withdrawal, !isPatchUncertain { return finishPass(outcome(of: withdrawal), &actions) }
      lostPatches += 1
      readLater(nil, at: now, &actions)
    case .fencing: patchUnknown(nil, at: now, &actions)
    default: return
    }
  }

  mutating func patchUnknown(_ retryAfter: Duration?, at now: Instant, _ actions: inout [OperationAction]) {
    switch state {
    case .patching:
      isPatchUncertain = true
      lostPatches += 1
      actions.append(.tell(.patchUnknown))
    case .fencing:
      lostFences += 1
      if let withdrawal, lostFences >= Self.patienceOfWithdrawal {
        return finishPass(outcome(of: withdrawal), &actions)
      }
    default: return
    }
    readLater(retryAfter, at: now, &actions)
  }

  /// Whether the answer to a PATCH is awaited, be it the image's or the fence.
  private var isPatching: Bool {
    switch state {
    case .patching, .fencing: true
    default: false
    }
  }

  mutating func patchRefused(_ why: String, _ actions: inout [OperationAction]) {
    guard isPatching else { return }
    // The image's, or the fence: what it was to make sure of stays unknown.
    if let withdrawal { return finishPass(outcome(of: withdrawal), &actions) }
    let sentence = "the API server refused the patch: \(why.oneLine())"
    finishPass(OperationOutcome(.failed, sentence: sentence + untouched), &actions)
  }

  mutating func cancel(_ who: String, at now: Instant, _ actions: inout [OperationAction]) {
    switch state {
    case .patching: withdrawal = withdrawal ?? .cancelled(by: who)
    // After a patch whose fate is unknown what the cluster is left on must be found out first.
    case .claimed where isPatchUncertain:
      withdrawal = withdrawal ?? .cancelled(by: who)
      endWithdrawn(insteadOfWaitingFrom: now, &actions)
    case .confirming(let patch, _) where isPatchUncertain:
      withdrawal = withdrawal ?? .cancelled(by: who)
      fence(patch, &actions)
    case .claimed, .confirming, .recording: finishPass(outcome(of: .cancelled(by: who)), &actions)
    case .waiting:
      actions.append(.stopWaiting)
      finishPass(outcome(of: .cancelled(by: who)), &actions)
    // Not ours to end, or decided already.
    case .intended, .fencing, .finishing, .ended: break
    }
  }

  private func outcome(of withdrawal: Withdrawal) -> OperationOutcome {
    let left =
      switch remains {
      case .untouched: untouched
      case .newImage: "; the cluster is left on the new image and goes on rolling it out"
      case .puttingBack, .putBack: "; the cluster goes on putting the image back that ran before"
      case .unknown: "; whether the patch was applied is unknown"
      }
    switch withdrawal {
    case .cancelled(let who):
      return OperationOutcome(.cancelled, sentence: "cancelled by \(who.oneLine(limit: 200))\(left)")
    case .late:
      let sentence = "its time of \(patience.inWords) was over before the patch was in"
      return OperationOutcome(.timedOut, sentence: sentence + left)
    }
  }

  /// Time is up and the patch is not in, or is not known to be.
  mutating func giveUp(_ actions: inout [OperationAction]) {
    if withdrawal != nil { return endWithdrawn(&actions) }
    let reason =
      switch apiTrouble {
      case .isAway: "the API server could not be reached within"
      case .isBusy: "the API server asked to be left alone for longer than"
      case nil: "the patch could not be brought in within"
      }
    let left = isPatchUncertain ? "; whether the patch was applied is unknown" : untouched
    finishPass(OperationOutcome(.timedOut, sentence: "\(reason) \(patience.inWords)\(left)"), &actions)
  }

  private var patience: Duration { reverting == nil ? settings.timeout : settings.revertTimeout }

  private var untouched: String {
    isPatchUncertain || reverting != nil ? "" : "; nothing was changed in the cluster"
  }

  /// What the cluster would be left on if the operation ended now.
  var remains: ClusterRemains {
    if isPatched { return reverting == nil ? .newImage : .puttingBack }
    if isPatchUncertain { return .unknown }
    return reverting == nil ? .untouched : .newImage
  }

  // MARK: The outcome

  /// This pass has come to an end, which is the operation's unless it put an image back.
  mutating func finishPass(_ outcome: OperationOutcome, _ actions: inout [OperationAction]) {
    var outcome = outcome
    if let reverting { outcome = Self.outcome(of: reverting, revertedWith: outcome) }
    outcome.remains = outcome.kind == .reverted ? .putBack : remains
    write(outcome, &actions)
  }

  mutating func write(_ outcome: OperationOutcome, _ actions: inout [OperationAction]) {
    guard let lease else { return }
    state = .finishing(outcome, writing: true)
    retryAt = nil
    actions.append(.writeOutcome(outcome, fence: lease.fence))
  }

  mutating func outcomeUnwritten(at now: Instant, _ actions: inout [OperationAction]) {
    guard case .finishing(let outcome, writing: true) = state else { return }
    databaseFailed(&actions)
    state = .finishing(outcome, writing: false)
    retryAt = now.advanced(by: backOff(databaseFailures))
  }

  mutating func settled(_ ending: OperationAction.Ending, _ actions: inout [OperationAction]) {
    guard case .finishing = state else { return }
    databaseAnswered(&actions)
    end(ending, &actions)
  }
}
