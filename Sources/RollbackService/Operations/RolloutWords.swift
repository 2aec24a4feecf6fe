internal import KubernetesObjects
internal import RollbackMessages
internal import RolloutCore

/// Turns what the verdict says into the messages of the wire.
enum RolloutWords {
  static func replicas(_ numbers: RolloutCore.RolloutProgress.ReplicaNumbers) -> Replicas {
    Replicas(
      desired: count(numbers.desired), updated: count(numbers.updated), ready: count(numbers.ready),
      available: count(numbers.available), old: count(numbers.old))
  }

  /// - Parameter isReverting: whether it is the image of before that is rolled out.
  static func progress(
    _ progress: RolloutCore.RolloutProgress, elapsed: Duration, isReverting: Bool = false
  ) -> RollbackMessages.RolloutProgress {
    let phase: RolloutPhase =
      if progress.unreachable != nil {
        .unreachable
      } else if isReverting {
        .reverting
      } else {
        switch progress.phase {
        case .observing: .waiting
        case .rolling, .paused: .rolling
        case .soaking, .ended: .soaking
        }
      }
    let troubles = progress.findings.filter { $0.level > .fine }
    return RollbackMessages.RolloutProgress(
      phase: phase, replicas: replicas(progress.replicas),
      pods: progress.pods.map { pod in state(of: pod, trouble: troubles.first { $0.pod == pod.name }) },
      message: progress.waitingFor, elapsed: elapsed, trouble: troubles.first?.sentence ?? "")
  }

  private static func state(
    of pod: RolloutCore.RolloutProgress.PodSummary, trouble: PodFinding?
  ) -> PodState {
    let state =
      if pod.ready {
        "ready"
      } else if trouble?.kind == .unschedulable {
        "unschedulable"
      } else {
        pod.state == "Running" ? "starting" : pod.state
      }
    return PodState(
      name: pod.name, ready: pod.ready, restarts: count(pod.restarts), state: state, message: trouble?.sentence ?? "",
      containers: pod.containers.map {
        RollbackMessages.ContainerState(name: $0.name, ready: $0.ready, restarts: count($0.restarts), state: $0.state)
      })
  }

  static func diagnosis(_ failure: RolloutFailure) -> Diagnosis {
    let finding = failure.finding
    let comparison = failure.comparison
    return Diagnosis(
      summary: failure.sentence, pod: finding?.pod ?? "", container: finding?.container ?? "",
      reason: finding?.reason ?? "", exitCode: Int32(clamping: finding?.exitCode ?? 0),
      terminated: finding?.exitCode != nil, restarts: count(finding?.restarts ?? 0),
      events: failure.events.map { line in
        ClusterEvent(
          at: line.at.map { RollbackMessages.Timestamp(seconds: $0.seconds, nanoseconds: $0.nanoseconds) },
          object: line.object, type: line.type, reason: line.reason, message: line.message, count: count(line.count))
      }, node: comparison?.node ?? "", image: comparison?.image ?? "", comparison: comparison?.sentence ?? "",
      serving: (comparison?.serving ?? []).prefix(servingLimit).map { pod in
        ServingPod(
          name: pod.name, image: pod.image, node: pod.node, restarts: count(pod.restarts), updated: pod.isNew)
      }, probe: finding?.probe ?? "")
  }

  /// Of the pods that serve; a frame is small.
  private static let servingLimit = 20

  static func warning(_ warning: PlanWarning) -> Warning {
    Warning(code: warning.code.rawValue, message: warning.message, details: warning.details)
  }

  private static func count(_ value: Int) -> UInt32 { UInt32(clamping: value) }
}
