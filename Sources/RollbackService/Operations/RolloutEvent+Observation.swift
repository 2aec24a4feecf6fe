internal import RolloutCore

extension RolloutEvent {
  /// What was seen, as the verdict takes it in.
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
