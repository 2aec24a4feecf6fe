import KubernetesObjects

extension RolloutVerdict {
  /// Takes one event into what is known. An outcome comes back when the event decides by itself.
  mutating func take(_ event: RolloutEvent, at now: Instant) -> RolloutOutcome? {
    switch event {
    case .deployment(let deployment): return take(deployment, at: now)
    case .deploymentGone(let uid): return uid == receipt.uid ? .deleted(.gone) : nil
    case .replicaSet(let set):
      if set.metadata.controller?.uid == receipt.uid {
        replicaSets[set.metadata.uid] = set
        isMembershipStale = true
      }
    case .replicaSetGone(let uid):
      replicaSets[uid] = nil
      isMembershipStale = true
    case .pod(let pod): take(pod, at: now)
    case .podGone(let uid):
      if pods.removeValue(forKey: uid) != nil { isMembershipStale = true }
    case .event(let event): take(event, at: now)
    case .apiServerUnreachable: unreachableSince = unreachableSince ?? now
    case .apiServerReachable: becomeReachable(at: now)
    case .registryAnswered(let image, let opinion):
      opinions[image] = opinion
      isMembershipStale = true
    case .timer: break
    }
    return nil
  }

  private mutating func take(_ deployment: Deployment, at now: Instant) -> RolloutOutcome? {
    let metadata = deployment.metadata
    guard metadata.uid == receipt.uid else {
      // A watch that lags may still tell of an object from before ours; one that is not older has taken its place.
      if let theirs = metadata.creationTimestamp, let ours = receipt.createdAt, theirs < ours { return nil }
      return .deleted(.recreated)
    }
    // A state from before the patch says nothing about it, least of all its conditions.
    guard metadata.generation >= receipt.generation else { return nil }
    // The controller suspends its own deadline while the Deployment is paused, and so do we.
    if deployment.spec.paused || self.deployment?.spec.paused == true { lastProgressAt = now }
    if self.deployment == nil {
      let selector = deployment.spec.selector
      pods = pods.filter { selector.matches($0.value.pod.metadata.labels) }
    }
    let before = (hasCaughtUp, self.deployment?.revision)
    self.deployment = deployment
    if before != (hasCaughtUp, deployment.revision) { isMembershipStale = true }
    if metadata.isBeingDeleted { return .deleted(.underWay) }
    let image = deployment.spec.template.spec.container(named: receipt.container)?.image
    guard image == receipt.image else { return .superseded(image: image ?? "") }
    noteCondition(of: deployment)
    noteProgress(of: deployment, at: now)
    return nil
  }

  /// Keeps apart what the Progressing condition says of our rollout and of the one before. Until the controller has
  /// observed our generation it is the one before, even when it is written after our patch.
  private mutating func noteCondition(of deployment: Deployment) {
    guard let progressing = deployment.status.progressing else { return }
    let isOurs = deployment.status.observedGeneration >= receipt.generation
    switch (progressing.reason == "ProgressDeadlineExceeded", isOurs) {
    case (false, true): sawOtherCondition = true
    case (true, false): leftOverDeadline = progressing.lastUpdateTime
    default: break
    }
  }

  /// Moves the no-progress deadline when a count is better than it ever was. Scaling starts the comparison afresh.
  private mutating func noteProgress(of deployment: Deployment, at now: Instant) {
    guard hasCaughtUp else { return }
    let status = deployment.status
    let current = Best(
      updated: status.updatedReplicas, old: max(0, status.replicas - status.updatedReplicas),
      ready: status.readyReplicas, available: status.availableReplicas, desired: deployment.spec.replicas)
    guard let best, best.desired == current.desired else {
      self.best = current
      lastProgressAt = now
      return
    }
    let better =
      current.updated > best.updated || current.old < best.old || current.ready > best.ready
      || current.available > best.available
    if better { lastProgressAt = now }
    self.best = Best(
      updated: max(best.updated, current.updated), old: min(best.old, current.old),
      ready: max(best.ready, current.ready), available: max(best.available, current.available),
      desired: current.desired)
  }

  private mutating func take(_ pod: Pod, at now: Instant) {
    let uid = pod.metadata.uid
    // Other apps' pods come through the same watch.
    if let selector = deployment?.spec.selector, !selector.matches(pod.metadata.labels) {
      if pods.removeValue(forKey: uid) != nil { isMembershipStale = true }
      return
    }
    let wasNew = newPods.contains { $0.uid == uid }
    if pods[uid]?.observe(pod, at: now) == nil {
      var diagnosis = PodDiagnosis(pod, at: now)
      // The watches are not in step: an event may have come before the pod that it is about.
      for event in events.values.filter({ $0.involvedObject.uid == uid }).sorted(by: Self.isOlder) {
        diagnosis.observe(event)
      }
      pods[uid] = diagnosis
    }
    if wasNew != isNew(pod) { isMembershipStale = true }
    refresh(uid, at: now)
  }

  private mutating func take(_ event: Event, at now: Instant) {
    let object = event.involvedObject.name
    if let name = deployment?.metadata.name, object != name, !object.hasPrefix(name + "-") { return }
    if event.involvedObject.kind == "Pod" {
      pods[event.involvedObject.uid]?.observe(event)
      refresh(event.involvedObject.uid, at: now)
    }
    guard !Self.isRoutine(event) else { return }
    if let since = receipt.serverDate, let seen = event.lastSeen, seen < since { return }
    events[event.metadata.uid] = event
    // Names are a rough sieve; sort out by uid when it grows.
    if events.count > 4 * Self.evidenceLimit {
      let kept = events.values.filter(isEvidence).sorted(by: Self.isOlder).suffix(2 * Self.evidenceLimit)
      events = Dictionary(kept.map { ($0.metadata.uid, $0) }) { first, _ in first }
    }
  }

  /// Time in which nothing could be seen is not held against the rollout: deadlines and persistence move by it, and
  /// the soak begins anew, for nobody watched.
  private mutating func becomeReachable(at now: Instant) {
    guard let since = unreachableSince else { return }
    unreachableSince = nil
    let gap = since.duration(to: now)
    lastProgressAt = min(now, lastProgressAt.advanced(by: gap))
    for uid in pods.keys { pods[uid]?.skip(gap) }
    isMembershipStale = true
    soak = nil
  }

  /// Whether it is an event of a rollout that goes well. A container is also killed because a probe fails.
  private static func isRoutine(_ event: Event) -> Bool {
    routine.contains(event.reason) && !(event.reason == "Killing" && event.message.contains("probe"))
  }

  private static let routine: Set<String> = [
    "Started", "Created", "SuccessfulCreate", "SuccessfulDelete", "Scheduled", "Pulling", "Pulled", "Killing",
    "ScalingReplicaSet",
  ]

  private static func isOlder(_ left: Event, _ right: Event) -> Bool {
    guard let first = left.lastSeen, let second = right.lastSeen else { return left.lastSeen == nil }
    return (first, left.metadata.name) < (second, right.metadata.name)
  }

  private func isEvidence(_ event: Event) -> Bool {
    let uid = event.involvedObject.uid
    return uid == receipt.uid || uid == newest?.metadata.uid || pods[uid] != nil
  }

  /// The events about the Deployment, its new ReplicaSet and that pod (any new pod when none is named), oldest first.
  func evidence(pod: String?) -> [RolloutFailure.EventLine] {
    let newPodNames = Set(newPods.map(\.summary.name))
    return events.values.filter { event in
      let object = event.involvedObject
      if object.uid == receipt.uid || object.uid == newest?.metadata.uid { return true }
      guard object.kind == "Pod", newPodNames.contains(object.name) else { return false }
      return pod == nil || object.name == pod
    }
    .sorted(by: Self.isOlder).suffix(Self.evidenceLimit).map(RolloutFailure.EventLine.init)
  }
}
