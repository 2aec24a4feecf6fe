internal import KubernetesObjects
internal import Logging
internal import RollbackMessages
internal import RolloutCore

extension OperationRunner {
  /// Feeds the verdict until it has one; nil when the operation is another host's now.
  func wait(_ receipt: PatchReceipt, _ deployment: Deployment) async -> Conclusion? {
    let remaining = Duration.microseconds(operation.plan.timeout) - elapsed
    var digests: Set<String> = []
    if !operation.deploy.imageDigest.isEmpty { digests.insert(operation.deploy.imageDigest) }
    let settings = RolloutSettings(
      soak: .microseconds(operation.plan.soak), timeout: max(remaining, .zero), failFast: operation.plan.failFast,
      acceptedDigests: digests)
    var verdict = RolloutVerdict(receipt, settings: settings, at: clock.now)
    var step = verdict.handle(.deployment(deployment), at: clock.now)
    var pace = ProgressPace(interval: timing.progressInterval)
    var readySince: Duration?
    while true {
      switch step {
      case .end(let outcome, let last):
        return conclude(outcome, last, readySince: readySince)
      case .wait(let wait):
        if let progress = wait.progress {
          readySince = progress.phase == .soaking ? readySince ?? elapsed : nil
          pace.offer(RolloutWords.progress(progress, elapsed: elapsed))
        }
        if let due = pace.take(at: clock.now) { operation.feed.publish(.progress(due), at: wallClock()) }
        let batch = await mailbox.next(until: min(wait.until, pace.nextDue ?? wait.until), clock: clock)
        if Task.isCancelled || !batch.interruptions.isEmpty { return nil }
        let events = batch.observations.map(RolloutEvent.init)
        step = events.isEmpty ? verdict.handle(.timer, at: clock.now) : verdict.handle(events, at: clock.now)
      }
    }
  }

  private func conclude(
    _ outcome: RolloutCore.RolloutOutcome, _ last: RolloutCore.RolloutProgress, readySince: Duration?
  ) -> Conclusion {
    let image = operation.deploy.imageRef
    let replicas = RolloutWords.replicas(last.replicas)
    switch outcome {
    case .ready(let proof):
      let timeToReady = readySince ?? elapsed
      var message = "\(operation.app.name) runs \(image) after \(Self.seconds(timeToReady))"
      if let proof { message += "; image verified on \(proof.verified) of \(proof.total) pods" }
      return Conclusion(
        outcome: .succeeded, message: message, replicas: replicas, timeToReady: timeToReady, proof: proof)
    case .superseded(let other):
      return Conclusion(outcome: .superseded, message: overtaken(by: other), replicas: replicas)
    case .deleted(let how):
      let object = "deployment \(operation.app.namespace)/\(operation.app.deployment)"
      let message =
        switch how {
        case .gone: "\(object) was deleted"
        case .underWay: "\(object) is being deleted"
        case .recreated: "\(object) was deleted and made anew by somebody else"
        }
      return Conclusion(outcome: .failed, message: message, replicas: replicas)
    case .failed(let failure):
      return Conclusion(outcome: .failed, message: failure.sentence, replicas: replicas, failure: failure)
    case .timedOut(let failure):
      return Conclusion(outcome: .timedOut, message: failure.sentence, replicas: replicas, failure: failure)
    }
  }

  /// `4.2s`.
  static func seconds(_ duration: Duration) -> String {
    let tenths = duration.components.seconds * 10 + duration.components.attoseconds / 100_000_000_000_000_000
    return "\(tenths / 10).\(tenths % 10)s"
  }
}

extension RolloutEvent {
  init(_ observation: ClusterObservation) {
    self =
      switch observation {
      case .deployment(let deployment): .deployment(deployment)
      case .deploymentDeleted(let uid): .deploymentGone(uid: uid)
      case .replicaSet(let set): .replicaSet(set)
      case .replicaSetDeleted(let uid): .replicaSetGone(uid: uid)
      case .pod(let pod): .pod(pod)
      case .podDeleted(let uid): .podGone(uid: uid)
      case .event(let event): .event(event)
      case .unreachable: .apiServerUnreachable
      case .reachable: .apiServerReachable
      }
  }
}
