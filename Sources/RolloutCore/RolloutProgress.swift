import KubernetesObjects

/// How far a rollout is: numbers, pods, and what is being waited for.
public struct RolloutProgress: Hashable, Sendable {
  public enum Phase: String, Sendable {
    /// The controller has not seen the change yet.
    case observing
    /// Pods are being replaced.
    case rolling
    /// Somebody paused the Deployment.
    case paused
    /// Everything is ready and is being watched for a moment.
    case soaking
    case ended
  }

  public var phase: Phase
  public var replicas: ReplicaNumbers
  /// What is being waited for, and the worst trouble, in one sentence without a full stop.
  public var waitingFor: String
  /// The new pods, in the order of their names; those that are going away are left out. At most
  /// `RolloutVerdict.podLimit`, those that are not ready first.
  public var pods: [PodSummary]
  /// How many more new pods there are.
  public var omittedPods: Int
  /// What is the matter, the worst first; may be empty. At most `RolloutVerdict.findingLimit`.
  public var findings: [PodFinding]
  /// On how many new pods the wanted image is known to run; nil when no digest is known.
  public var proof: ImageProof?
  /// For how long the API server has not been reachable, in whole seconds; nil when it is.
  public var unreachable: Duration?

  /// Numbers as the Deployment's status has them; what the server left out is zero.
  public struct ReplicaNumbers: Hashable, Sendable {
    public var desired: Int
    public var updated: Int
    public var ready: Int
    public var available: Int
    /// Pods of older templates that do not terminate yet.
    public var old: Int

    public init(desired: Int = 0, updated: Int = 0, ready: Int = 0, available: Int = 0, old: Int = 0) {
      self.desired = desired
      self.updated = updated
      self.ready = ready
      self.available = available
      self.old = old
    }

    init(_ deployment: Deployment) {
      let status = deployment.status
      self.init(
        desired: deployment.spec.replicas, updated: status.updatedReplicas, ready: status.readyReplicas,
        available: status.availableReplicas, old: max(0, status.replicas - status.updatedReplicas))
    }
  }

  /// One new pod in short.
  public struct PodSummary: Hashable, Sendable {
    public var name: String
    public var ready: Bool
    public var restarts: Int
    /// `Running`, `Pending`, or the word of the container that holds it up, such as `ContainerCreating`.
    public var state: String
    public var level: PodFinding.Level
    /// From the pod's creation until it was ready, by the server's clock; nil while it is not.
    public var readyAfter: Duration?
    public var containers: [ContainerSummary]
  }

  /// One container of a new pod in short.
  public struct ContainerSummary: Hashable, Sendable {
    public var name: String
    public var ready: Bool
    public var restarts: Int
    public var state: String
  }
}

extension RolloutProgress.PodSummary {
  init(_ pod: Pod, level: PodFinding.Level) {
    let statuses = pod.status.initContainerStatuses + pod.status.containerStatuses
    name = pod.metadata.name
    ready = pod.isReady
    restarts = statuses.reduce(0) { $0 + $1.restartCount }
    self.level = level
    containers = statuses.map {
      .init(name: $0.name, ready: $0.ready, restarts: $0.restartCount, state: $0.state.word)
    }
    let holdUp = statuses.first { status in
      if case .waiting(let reason, _) = status.state { return !reason.isEmpty && reason != "PodInitializing" }
      return false
    }
    state = holdUp?.state.word ?? (pod.status.phase.isEmpty ? "Pending" : pod.status.phase)
    let readySince = pod.status.conditions.first(ofType: "Ready")?.lastTransitionTime
    if ready, let readySince, let created = pod.metadata.creationTimestamp {
      readyAfter = readySince.since(created)
    }
  }
}

extension ContainerState {
  /// The state in one word, as `kubectl get pods` would say it.
  var word: String {
    switch self {
    case .waiting(let reason, _): reason.isEmpty ? "Waiting" : reason
    case .running: "Running"
    case .terminated(let termination): termination.reason.isEmpty ? "Terminated" : termination.reason
    }
  }
}
