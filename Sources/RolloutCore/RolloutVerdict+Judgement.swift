import KubernetesObjects

extension RolloutVerdict {
  /// Whether the controller has acted on what the Deployment's specification says now, and so on our patch.
  var hasCaughtUp: Bool {
    guard let deployment else { return false }
    return deployment.status.observedGeneration >= deployment.metadata.generation
  }

  /// Works out which pods are the new ones, when something that decides it has changed, and renews the findings of
  /// those whose trouble has lasted long enough.
  mutating func updateMembership(at now: Instant) {
    if isMembershipStale {
      isMembershipStale = false
      newest = nil
      if let deployment, hasCaughtUp {
        newest = RevisionChoice.newest(
          of: deployment, among: replicaSets.values, container: receipt.container, image: receipt.image)
      }
      newPods = pods.values.filter { isNew($0.pod) }
        .map { NewPod($0, at: now, settings: settings.diagnosis, opinions: opinions) }
        .sorted { $0.summary.name < $1.summary.name }
    } else {
      for pod in newPods where pod.nextChange.map({ $0 <= now }) ?? false { refresh(pod.uid, at: now) }
    }
  }

  /// Whether the pod is one of our template and stays.
  func isNew(_ pod: Pod) -> Bool {
    guard let newest else { return false }
    return RevisionChoice.owns(newest, pod) && !PodDiagnosis.isIgnored(pod)
  }

  /// Renews what is said of one pod, if it is a new one.
  mutating func refresh(_ uid: String, at now: Instant) {
    guard let index = newPods.firstIndex(where: { $0.uid == uid }), let diagnosis = pods[uid] else { return }
    newPods[index] = NewPod(diagnosis, at: now, settings: settings.diagnosis, opinions: opinions)
  }

  /// Every count is where it should be: steps 1 and 3 to 5 of `kubectl rollout status`.
  private var isComplete: Bool {
    guard let deployment, hasCaughtUp else { return false }
    let status = deployment.status
    return status.updatedReplicas >= deployment.spec.replicas
      && status.replicas <= status.updatedReplicas
      && status.availableReplicas >= status.updatedReplicas
  }

  /// How long the soak is here: with nothing to run there is nothing to watch.
  var soakTime: Duration { deployment?.spec.replicas == 0 ? .zero : settings.soak }

  /// Begins, keeps or breaks the soak. A new pod that is not ready, or that restarted, breaks it even before the
  /// controller has counted it out.
  mutating func updateSoak(at now: Instant) {
    guard unreachableSince == nil, isComplete else {
      breakSoak(at: now)
      return
    }
    var restarts: [String: Int] = [:]
    for pod in newPods where !pod.hasEnded {
      guard pod.summary.ready else {
        breakSoak(at: now)
        return
      }
      restarts[pod.uid] = pod.summary.restarts
    }
    if let soak, restarts.allSatisfy({ $0.value <= soak.restarts[$0.key] ?? $0.value }) {
      self.soak?.restarts.merge(restarts) { before, _ in before }
      return
    }
    soak = Soak(since: now, restarts: restarts)
  }

  /// Everything was there until now: that time is not held against the rollout. It is no progress either, so that what
  /// comes and goes does not keep the deadline away.
  private mutating func breakSoak(at now: Instant) {
    guard let soak else { return }
    self.soak = nil
    lastProgressAt = min(now, lastProgressAt.advanced(by: soak.since.duration(to: now)))
  }

  /// Whether `ProgressDeadlineExceeded` is about our rollout. A rollback to a ReplicaSet that still exists leaves the
  /// condition of the stuck deploy in place with our generation already observed, so it counts only when it was
  /// something else since our generation was observed, or was written, by the server's own clock, so long after the patch
  /// that the deadline can have run from it. (That it is not the one seen before is not enough: of several states that
  /// come together only the newest may be seen.)
  func isDeadlineTrusted(_ deployment: Deployment) -> Bool {
    guard let condition = deployment.status.progressing, condition.reason == "ProgressDeadlineExceeded" else {
      return false
    }
    if sawOtherCondition { return true }
    guard let written = condition.lastUpdateTime, let patched = receipt.serverDate,
      let deadline = deployment.spec.progressDeadlineSeconds
    else { return false }
    // Both are cut to whole seconds.
    return written.seconds - patched.seconds >= Int64(deadline) - 1 && written != leftOverDeadline
  }

  /// When our own patience ends. Needed because the controller does not write an unchanged condition again.
  var progressDeadline: Instant? {
    guard let deployment, !deployment.spec.paused else { return nil }
    if let own = settings.progressDeadline { return lastProgressAt.advanced(by: own) }
    // The API takes the largest 32-bit number for "no deadline".
    guard let seconds = deployment.spec.progressDeadlineSeconds, seconds < Int32.max else { return nil }
    return lastProgressAt.advanced(by: .seconds(seconds) + Self.deadlineGrace)
  }

  /// On how many of the new pods the wanted image is known to run.
  var proof: ImageProof? {
    guard !settings.acceptedDigests.isEmpty else { return nil }
    let pods = newPods.compactMap { self.pods[$0.uid]?.pod }
    return ImageProof(of: receipt.container, in: pods, accepting: settings.acceptedDigests)
  }

  /// Everything that is the matter, the worst first, then in the order of the pods' names.
  var findings: [PodFinding] {
    guard hasCaughtUp else { return [] }
    var findings = newPods.flatMap(\.findings)
    if let failure = deployment?.status.replicaFailure, failure.status == "True" {
      findings.append(
        PodFinding(
          level: .suspect, kind: .cannotCreatePods, reason: failure.reason, detail: failure.message,
          sentence: "pods cannot be created: \(failure.message.oneLine()) (\(failure.reason))"))
    }
    return PodFinding.Level.allCases.reversed().flatMap { level in findings.filter { $0.level == level } }
  }
}
