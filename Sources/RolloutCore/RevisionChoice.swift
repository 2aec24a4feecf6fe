public import KubernetesObjects

/// Finds the ReplicaSet of a Deployment's newest template, and its pods.
///
/// Only meaningful once the Deployment's `observedGeneration` has caught up: before that its revision annotation is
/// that of the template before. Rolling back reuses an old ReplicaSet and raises *its* revision, so age says nothing.
public enum RevisionChoice {
  /// The ReplicaSet whose revision equals the Deployment's; nil while it is not known, which happens because the
  /// watches of different kinds are not in step.
  /// - Parameter container, image: the set must also carry this image in this container; a set of another deploy
  ///   never is the newest one, whatever the annotations say in between.
  public static func newest(
    of deployment: Deployment, among sets: some Sequence<ReplicaSet>, container: String, image: String
  ) -> ReplicaSet? {
    guard let revision = deployment.revision else { return nil }
    return sets.first { set in
      set.revision == revision && set.metadata.controller?.uid == deployment.metadata.uid
        && set.spec.template?.spec.container(named: container)?.image == image
    }
  }

  /// Whether the pod belongs to that set: owned by it, and carrying its hash.
  public static func owns(_ set: ReplicaSet, _ pod: Pod) -> Bool {
    pod.metadata.controller?.uid == set.metadata.uid
      && pod.metadata.labels["pod-template-hash"] == set.podTemplateHash
  }
}
