public import KubernetesObjects

/// Something that happened and may matter to a rollout. Feed everything of the namespace, the Deployment first: what is
/// of no concern is ignored and not kept.
public enum RolloutEvent: Sendable {
  /// The Deployment was added or changed, or was listed again.
  case deployment(Deployment)
  /// A Deployment is gone: a watch said so, or a list did not have it any more.
  case deploymentGone(uid: String)
  case replicaSet(ReplicaSet)
  case replicaSetGone(uid: String)
  case pod(Pod)
  case podGone(uid: String)
  /// A core event, new or repeated.
  case event(Event)
  /// The API server cannot be reached: what is known is growing old.
  case apiServerUnreachable
  /// It can be reached again, *and* everything has been listed or replayed since. Say this last.
  case apiServerReachable
  /// The answer to `RolloutStep.Wait.askRegistry`.
  case registryAnswered(image: String, RegistryOpinion)
  /// The instant that the last step asked to be woken at has come. Firing early does no harm.
  case timer
}
