import KubernetesObjects

extension RolloutVerdict {
  /// Where the rollout stands.
  func progress(findings: [PodFinding], at now: Instant) -> RolloutProgress {
    let shown = shownPods
    return RolloutProgress(
      phase: phase, replicas: numbers,
      waitingFor: sentence(findings: findings, at: now),
      pods: shown, omittedPods: newPods.count - shown.count, findings: Array(findings.prefix(Self.findingLimit)),
      proof: proof, unreachable: unreachableSince.map { wholeSeconds(from: $0, to: now) })
  }

  /// The pods that a frame names: all, or of very many those that are not yet as they should be first.
  private var shownPods: [RolloutProgress.PodSummary] {
    let all = newPods.map(\.summary)
    guard all.count > Self.podLimit else { return all }
    let open = all.filter { !$0.ready || $0.level > .fine }.prefix(Self.podLimit)
    let done = all.filter { $0.ready && $0.level == .fine }.prefix(Self.podLimit - open.count)
    return (open + done).sorted { $0.name < $1.name }
  }

  /// The status' numbers. Before the controller has seen the patch what it calls updated is the old template.
  private var numbers: RolloutProgress.ReplicaNumbers {
    guard let deployment else { return .init() }
    var numbers = RolloutProgress.ReplicaNumbers(deployment)
    if deployment.status.observedGeneration < receipt.generation {
      numbers.updated = 0
      numbers.old = deployment.status.replicas
    }
    return numbers
  }

  private var phase: RolloutProgress.Phase {
    guard let deployment else { return .observing }
    if soak != nil { return .soaking }
    if deployment.spec.paused { return .paused }
    return hasCaughtUp ? .rolling : .observing
  }

  /// What is being waited for, and what is the matter.
  private func sentence(findings: [PodFinding], at now: Instant) -> String {
    if let unreachableSince {
      return "API server unreachable for \(wholeSeconds(from: unreachableSince, to: now).inWords), the rollout goes on"
    }
    let waiting = waitingFor
    guard let worst = findings.first, soak == nil else { return waiting }
    return "\(waiting); \(worst.sentence)"
  }

  /// The first of the conditions for success that is not met.
  private var waitingFor: String {
    guard let deployment, hasCaughtUp else { return "waiting for the deployment controller to see the change" }
    let numbers = numbers
    if let soak {
      return soak.restarts.isEmpty && numbers.desired == 0
        ? "nothing to run: scaled to zero"
        : "\(numbers.available) of \(numbers.desired) pods are available, watching them for \(settings.soak.inWords)"
    }
    if deployment.spec.paused { return "the deployment was paused by somebody, waiting for it to be resumed" }
    if numbers.updated < numbers.desired {
      return "\(numbers.updated) of \(numbers.desired) replicas are updated"
    }
    if numbers.old > 0 { return "\(numbers.old) old replica\(numbers.old == 1 ? " still runs" : "s still run")" }
    if numbers.available < numbers.updated {
      return "\(numbers.available) of \(numbers.updated) updated replicas are available"
    }
    return "waiting for the new pods to be ready"
  }

  /// Why it did not succeed.
  func failure(_ cause: RolloutFailure.Cause, findings: [PodFinding], at now: Instant) -> RolloutFailure {
    let worst = findings.first
    let still = worst?.sentence ?? (quietPod.map { "\(waitingFor); \($0)" } ?? waitingFor)
    let sentence =
      switch cause {
      case .doomed: still
      case .progressDeadlineExceeded:
        "no progress within \(deployment?.spec.progressDeadlineSeconds ?? 600) s (ProgressDeadlineExceeded): \(still)"
      case .noProgress: "no progress for \(wholeSeconds(from: lastProgressAt, to: now).inWords): \(still)"
      case .timedOut:
        "not ready within \((settings.askedTimeout ?? settings.timeout).inWords), the rollout goes on in the cluster: "
          + still
      }
    let pod = worst.flatMap { $0.pod.isEmpty ? nil : $0.pod }
    return RolloutFailure(
      cause: cause, sentence: sentence, finding: worst, events: evidence(pod: pod), logs: logs(for: worst),
      comparison: comparison(with: worst))
  }

  /// The new pod that holds things up when nothing was found that says why.
  private var quietPod: String? {
    guard let pod = newPods.first(where: { !$0.summary.ready && !$0.hasEnded })?.summary else {
      return newest != nil && newPods.isEmpty && numbers.desired > 0 ? "there is no new pod" : nil
    }
    return "pod \(pod.name) is not ready (\(pod.state)), and nothing says why"
  }

  /// The pod that the finding is about, or else the first that is not ready, beside those that serve.
  private func comparison(with finding: PodFinding?) -> PodComparison? {
    let name = finding?.pod ?? newPods.first { !$0.summary.ready && !$0.hasEnded }?.summary.name ?? ""
    let container = finding.flatMap { $0.container.isEmpty ? nil : $0.container } ?? receipt.container
    let failing = name.isEmpty ? nil : pods.values.first { $0.pod.metadata.name == name }?.pod
    let serving = pods.values.map(\.pod).filter { pod in
      pod.isReady && !pod.metadata.isBeingDeleted && pod.metadata.uid != failing?.metadata.uid
    }
    return PodComparison(of: failing, container: container, with: serving, isNew: isNew)
  }

  /// A container that ran has something to say: the current run, and the one before when it restarted.
  private func logs(for finding: PodFinding?) -> [RolloutFailure.LogRequest] {
    guard let finding, !finding.container.isEmpty else { return [] }
    switch finding.kind {
    case .crashing, .outOfMemory, .notReady, .probeKilled:
      let current = RolloutFailure.LogRequest(pod: finding.pod, container: finding.container, previous: false)
      guard finding.restarts > 0 else { return [current] }
      return [current, .init(pod: finding.pod, container: finding.container, previous: true)]
    default: return []
    }
  }

  private func wholeSeconds(from start: Instant, to end: Instant) -> Duration {
    .seconds(start.duration(to: end).components.seconds)
  }
}
