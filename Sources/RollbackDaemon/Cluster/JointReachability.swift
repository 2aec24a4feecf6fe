internal import KubernetesClient
internal import KubernetesObjects
internal import Locking
internal import RollbackService

/// Makes one "unreachable" and one "reachable" of what several watches of one rollout say.
final class JointReachability: Sendable {
  enum Kind: Hashable, Sendable {
    case deployments, replicaSets, pods, events
  }

  private let unreachable = Locked<Set<Kind>>([])

  /// Posts what a subscription's updates bring, until they end.
  func relay<Object: KubernetesResource>(
    _ updates: some AsyncSequence<ObjectUpdate<Object>, Never>, of kind: Kind, into mailbox: OperationMailbox,
    changed: (Object) -> ClusterObservation, deleted: (Object) -> ClusterObservation?
  ) async {
    for await update in updates {
      var observations: [ClusterObservation] = []
      if case .unreachable(_, let error) = update.reachability, becomesUnreachable(kind) {
        observations.append(.unreachable(error.message))
      }
      observations += update.deleted.compactMap(deleted)
      observations += update.changed.map(changed)
      // Last, for then everything that was missed has been told.
      if update.reachability.isReachable, becomesReachable(kind) { observations.append(.reachable) }
      mailbox.post(observations)
    }
  }

  /// Whether this is the first of them.
  private func becomesUnreachable(_ kind: Kind) -> Bool {
    unreachable.withLock { kinds in
      let isFirst = kinds.isEmpty
      return kinds.insert(kind).inserted && isFirst
    }
  }

  /// Whether it was the last that was away.
  private func becomesReachable(_ kind: Kind) -> Bool {
    unreachable.withLock { kinds in kinds.remove(kind) != nil && kinds.isEmpty }
  }
}
