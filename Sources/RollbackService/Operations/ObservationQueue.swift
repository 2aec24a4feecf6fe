internal import KubernetesObjects

/// Observations in the order in which they came, without those that a later one makes worthless.
///
/// Of a pod, a ReplicaSet or an event only the newest state is kept; of the Deployment's own states the newest
/// ``deploymentStates``, in order, and of all events the newest ``events``. Adding costs the same however many wait.
struct ObservationQueue: Sendable {
  static let deploymentStates = 64
  static let events = 512

  /// Nil where a later observation, or the bound, took one out.
  private var slots: [ClusterObservation?] = []
  private var count = 0
  /// Where the observation of a key is.
  private var places: [String: Int] = [:]
  private var deployments = Kind()
  private var happenings = Kind()

  /// Observations of which only so many are kept.
  private struct Kind: Sendable {
    var count = 0
    /// No observation of the kind is before it.
    var first = 0
  }

  var isEmpty: Bool { count == 0 }

  mutating func append(_ observation: ClusterObservation) {
    if let key = observation.coalescingKey {
      if let place = places[key] { remove(at: place) }
      places[key] = slots.count
    }
    slots.append(observation)
    count += 1
    if observation.isDeployment {
      deployments.count += 1
      if deployments.count > Self.deploymentStates { drop(\.deployments) { $0.isDeployment } }
    } else if observation.isEvent {
      happenings.count += 1
      if happenings.count > Self.events { drop(\.happenings) { $0.isEvent } }
    }
    if slots.count > 2 * count + 64 { compact() }
  }

  /// All that waits; nothing waits any more.
  mutating func take() -> [ClusterObservation] {
    defer { self = ObservationQueue() }
    return slots.compactMap { $0 }
  }

  private mutating func drop(_ kind: WritableKeyPath<Self, Kind>, _ isOfKind: (ClusterObservation) -> Bool) {
    var place = self[keyPath: kind].first
    while place < slots.count, !(slots[place].map(isOfKind) ?? false) { place += 1 }
    self[keyPath: kind].first = place
    remove(at: place)
  }

  private mutating func remove(at place: Int) {
    guard place < slots.count, let observation = slots[place] else { return }
    slots[place] = nil
    count -= 1
    if let key = observation.coalescingKey { places[key] = nil }
    if observation.isDeployment { deployments.count -= 1 }
    if observation.isEvent { happenings.count -= 1 }
  }

  private mutating func compact() {
    slots = slots.filter { $0 != nil }
    places = [:]
    for (place, observation) in slots.enumerated() {
      if let key = observation?.coalescingKey { places[key] = place }
    }
    deployments.first = 0
    happenings.first = 0
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
