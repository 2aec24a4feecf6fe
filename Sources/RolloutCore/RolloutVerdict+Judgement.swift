import KubernetesObjects

extension RolloutVerdict {
  /// Whether the controller has acted on what the Deployment's specification says now, and so on our patch.
  var hasCaughtUp: Bool {
    guard let deployment else { return false }
    return deployment.status.observedGeneration >= deployment.metadata.generation
  }

  /// The ReplicaSet of our template, once it is known for certain.
  var newest: ReplicaSet? {
    guard let deployment, hasCaughtUp else { return nil }
    return RevisionChoice.newest(
      of: deployment, among: replicaSets.values, container: receipt.container, image: receipt.image)
  }

  /// The pods of our template that stay, in the order of their names.
  var newPods: [PodDiagnosis] {
    guard let newest else { return [] }
    return pods.values.filter { !$0.isIgnored && RevisionChoice.owns(newest, $0.pod) }
      .sorted { $0.pod.metadata.name < $1.pod.metadata.name }
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
      soak = nil
      return
    }
    let living = newPods.filter { $0.pod.status.phase != "Failed" && $0.pod.status.phase != "Succeeded" }
    guard living.allSatisfy({ $0.pod.isReady }) else {
      soak = nil
      return
    }
    let restarts = Dictionary(living.map { ($0.pod.metadata.uid, $0.pod.restarts) }) { first, _ in first }
    if let soak, restarts.allSatisfy({ $0.value <= soak.restarts[$0.key] ?? $0.value }) {
      self.soak?.restarts.merge(restarts) { before, _ in before }
      return
    }
    soak = Soak(since: now, restarts: restarts)
  }

  /// Whether `ProgressDeadlineExceeded` is about our rollout. A rollback to a ReplicaSet that still exists leaves the
  /// condition of the stuck deploy in place with our generation already observed, so it counts only when it was
  /// something else since the patch, or was written after it by the server's own clock.
  func isDeadlineTrusted(_ deployment: Deployment) -> Bool {
    guard let condition = deployment.status.progressing, condition.reason == "ProgressDeadlineExceeded" else {
      return false
    }
    if sawOtherCondition { return true }
    guard let written = condition.lastUpdateTime, let patched = receipt.serverDate else { return false }
    return written > patched
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
    ImageProof(of: receipt.container, in: newPods.map(\.pod), accepting: settings.acceptedDigests)
  }

  /// Everything that is the matter, the worst first, then in the order of the pods' names.
  func findings(at now: Instant) -> [PodFinding] {
    guard hasCaughtUp else { return [] }
    var findings = newPods.flatMap { pod in
      pod.findings(at: now, settings: settings.diagnosis) { opinions[$0] ?? .unknown }
    }
    if let failure = deployment?.status.replicaFailure, failure.status == "True" {
      findings.append(
        PodFinding(
          level: .suspect, kind: .cannotCreatePods, reason: failure.reason, detail: failure.message,
          sentence: "pods cannot be created: \(failure.message.oneLine()) (\(failure.reason))"))
    }
    return PodFinding.Level.allCases.reversed().flatMap { level in findings.filter { $0.level == level } }
  }
}

extension Pod {
  /// Restarts of all its containers.
  var restarts: Int {
    (status.initContainerStatuses + status.containerStatuses).reduce(0) { $0 + $1.restartCount }
  }
}
