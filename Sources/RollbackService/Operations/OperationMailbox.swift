internal import KubernetesObjects

/// What waits to be judged: the cluster's observations, and the answers and wishes that concern one operation.
///
/// Bounded by the number of objects: of a pod or ReplicaSet only the newest state waits; the Deployment's own states
/// are kept in order, at most ``deploymentStates`` of them. Posting never waits.
public final class OperationMailbox: Sendable {
  static let deploymentStates = 64
  static let events = 512

  /// Everything that came since the last time.
  struct Batch: Sendable {
    var observations: [ClusterObservation] = []
    /// In the order in which they came.
    var answers: [OperationAnswer] = []

    var isEmpty: Bool { observations.isEmpty && answers.isEmpty }
  }

  private let batch = Monitor(Batch())

  public init() {}

  /// Adds observations that came together, each in the place of an older one that it makes worthless.
  public func post(_ observations: [ClusterObservation]) {
    guard !observations.isEmpty else { return }
    batch.change { batch in
      for observation in observations {
        if let key = observation.coalescingKey {
          batch.observations.removeAll { $0.coalescingKey == key }
        }
        batch.observations.append(observation)
      }
      Self.bound(&batch.observations)
    }
  }

  /// Adds an answer, or a wish such as a cancellation.
  func post(_ answer: OperationAnswer) {
    batch.change { $0.answers.append(answer) }
  }

  /// Waits until there is something, or until `deadline`: then the batch is empty. At most one caller at a time.
  func next<C: Clock>(until deadline: C.Instant, clock: C) async -> Batch {
    if let batch = takeIfAny() { return batch }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.batch.wait { !$0.isEmpty } }
      // A sleep ends early only by cancellation, which is what ends the other child's wait.
      group.addTask { try? await clock.sleep(until: deadline, tolerance: nil) }
      await group.next()
      group.cancelAll()
    }
    return takeIfAny() ?? Batch()
  }

  private func takeIfAny() -> Batch? {
    batch.change { batch in
      guard !batch.isEmpty else { return nil }
      defer { batch = Batch() }
      return batch
    }
  }

  private static func bound(_ observations: inout [ClusterObservation]) {
    for (limit, isKind) in [(deploymentStates, \ClusterObservation.isDeployment), (events, \.isEvent)] {
      while observations.count(where: { $0[keyPath: isKind] }) > limit,
        let oldest = observations.firstIndex(where: { $0[keyPath: isKind] })
      {
        observations.remove(at: oldest)
      }
    }
  }
}

extension ClusterObservation {
  /// Of two waiting observations with the same key only the newer one matters; nil: all matter.
  var coalescingKey: String? {
    switch self {
    case .replicaSet(let set): set.metadata.uid
    case .replicaSetDeleted(let uid): uid
    case .pod(let pod): pod.metadata.uid
    case .podDeleted(let uid): uid
    case .event(let event): event.metadata.uid
    case .deployment, .deploymentDeleted, .unreachable, .reachable: nil
    }
  }

  var isDeployment: Bool {
    if case .deployment = self { return true }
    return false
  }

  var isEvent: Bool {
    if case .event = self { return true }
    return false
  }
}
