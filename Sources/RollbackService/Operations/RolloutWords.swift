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
    let pods = progress.pods.map { pod in
      PodState(
        name: pod.name, ready: pod.ready, restarts: count(pod.restarts), state: pod.ready ? "ready" : pod.state,
        message: progress.findings.first { $0.pod == pod.name }?.sentence ?? "")
    }
    return RollbackMessages.RolloutProgress(
      phase: phase, replicas: replicas(progress.replicas), pods: pods, message: progress.waitingFor, elapsed: elapsed)
  }

  static func diagnosis(_ failure: RolloutFailure) -> Diagnosis {
    let finding = failure.finding
    return Diagnosis(
      summary: failure.sentence, pod: finding?.pod ?? "", container: finding?.container ?? "",
      reason: finding?.reason ?? "", exitCode: Int32(clamping: finding?.exitCode ?? 0),
      terminated: finding?.exitCode != nil, restarts: count(finding?.restarts ?? 0),
      events: failure.events.map { line in
        ClusterEvent(
          at: line.at.map { RollbackMessages.Timestamp(seconds: $0.seconds, nanoseconds: $0.nanoseconds) },
          object: line.object, type: "Warning", reason: line.reason, message: line.message, count: count(line.count))
      })
  }

  static func warning(_ warning: PlanWarning) -> Warning {
    Warning(code: warning.code.rawValue, message: warning.message, details: warning.details)
  }

  private static func count(_ value: Int) -> UInt32 { UInt32(clamping: value) }
}
