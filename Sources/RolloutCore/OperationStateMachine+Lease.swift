extension OperationStateMachine {
  mutating func leaseClaimed(
    _ fence: Int64, _ sentAt: Instant, at now: Instant, _ actions: inout [OperationAction]
  ) {
    guard case .intended = state else { return }
    databaseAnswered(&actions)
    lease = lease(fence: fence, from: sentAt)
    retryAt = nil
    actions.append(.tell(.takenOver))
    read(at: now, &actions)
    if isRecordStale { renewAgain(&actions) }
  }

  mutating func leaseRenewed(_ sentAt: Instant, at now: Instant, _ actions: inout [OperationAction]) {
    guard let held = lease else { return }
    databaseAnswered(&actions)
    let hadLapsed = now >= lapse(of: held)
    lease = lease(fence: held.fence, from: sentAt)
    if held.mustRenewAgain { renewAgain(&actions) } else { confirmed(sentAt, at: now, &actions) }
    switch state {
    // What was put off because nothing might be touched.
    case .claimed(reading: false) where hadLapsed && retryAt == nil: read(at: now, &actions)
    // What waited for PostgreSQL, which is back.
    case .recording(let failure, writing: false): record(failure, &actions)
    case .finishing(let outcome, writing: false): write(outcome, &actions)
    default: break
    }
  }

  /// Renews now, by a statement that is sent from now on.
  mutating func renewAgain(_ actions: inout [OperationAction]) {
    guard let held = lease else {
      // A claim that is under way may have been answered before: looked at once it is ours.
      isRecordStale = true
      return
    }
    if held.renewing {
      lease?.mustRenewAgain = true
    } else {
      lease?.renewing = true
      actions.append(.renewLease(fence: held.fence))
    }
  }

  mutating func loseLease(_ actions: inout [OperationAction]) {
    // In `intended` there is no lease to lose: an answer that crossed.
    guard lease != nil else { return }
    switch state {
    // The lease goes with the outcome: a renewal may cross with it, or its COMMIT was not answered. The writing's own
    // guard tells what is true.
    case .finishing(_, writing: true): return
    case .finishing(let outcome, writing: false): write(outcome, &actions)
    default: end(.lost, &actions)
    }
  }

  mutating func databaseUnavailable(at now: Instant, _ actions: inout [OperationAction]) {
    databaseFailed(&actions)
    lease?.renewing = false
    lease?.mustRenewAgain = false
    let retry = now.advanced(by: backOff(databaseFailures))
    lease?.renewAt = retry
  }

  mutating func databaseFailed(_ actions: inout [OperationAction]) {
    databaseFailures += 1
    if databaseFailures == 1 { actions.append(.tell(.databaseUnavailable)) }
  }

  mutating func databaseAnswered(_ actions: inout [OperationAction]) {
    if databaseFailures > 0 { actions.append(.tell(.databaseBack)) }
    databaseFailures = 0
  }

  mutating func drain(_ actions: inout [OperationAction]) {
    switch state {
    // The outcome is known and only has to be written: quicker done than given away.
    case .finishing, .ended: return
    case .intended, .claimed, .confirming, .patching, .fencing, .waiting, .recording:
      let fence = lease?.fence
      end(.handedOver, &actions)
      // After `stopWaiting`, before `end`: nothing of ours may be running when another may begin.
      if let fence { actions.insert(.releaseLease(fence: fence), at: actions.count - 1) }
    }
  }

  mutating func timerFired(at now: Instant, _ actions: inout [OperationAction]) {
    if let held = lease {
      if !held.renewing, now >= held.renewAt {
        lease?.renewing = true
        actions.append(.renewLease(fence: held.fence))
      }
      if !held.lapseTold, now >= lapse(of: held) {
        lease?.lapseTold = true
        actions.append(.tell(.leaseLapsed))
      }
    }
    switch state {
    case .claimed where now >= giveUpAt, .confirming where now >= giveUpAt:
      giveUp(&actions)
      return
    default: break
    }
    guard let due = retryAt, now >= due else { return }
    retryAt = nil
    switch state {
    case .claimed: read(at: now, &actions)
    case .recording(let failure, _): record(failure, &actions)
    case .finishing(let outcome, _): write(outcome, &actions)
    case .intended, .confirming, .patching, .fencing, .waiting, .ended: break
    }
  }

  /// 0.25 s doubled up to 5 s.
  func backOff(_ failures: Int) -> Duration {
    min(.seconds(5), .milliseconds(250) * (1 << min(max(failures - 1, 0), 5)))
  }
}
