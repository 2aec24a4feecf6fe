/// A `v1` Pod, as far as its diagnosis needs it.
public struct Pod: KubernetesObject {
  public var metadata: ObjectMeta
  public var spec: PodSpec
  public var status: PodStatus

  public init(metadata: ObjectMeta, spec: PodSpec, status: PodStatus = PodStatus()) {
    self.metadata = metadata
    self.spec = spec
    self.status = status
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try fields.decode(ObjectMeta.self, forKey: .metadata)
    spec = try fields.decode(PodSpec.self, forKey: .spec)
    status = try fields.value(.status, default: PodStatus())
  }

  /// Whether the pod's condition `Ready` is true.
  public var isReady: Bool { status.conditions.first(ofType: "Ready")?.status == "True" }
}

/// The pods that a Deployment or ReplicaSet makes.
public struct PodTemplate: Codable, Hashable, Sendable {
  public var labels: [String: String]
  public var annotations: [String: String]
  public var spec: PodSpec

  public init(labels: [String: String] = [:], annotations: [String: String] = [:], spec: PodSpec) {
    self.labels = labels
    self.annotations = annotations
    self.spec = spec
  }

  private enum CodingKeys: CodingKey { case metadata, spec }
  private struct Metadata: Codable {
    var labels: [String: String]?
    var annotations: [String: String]?
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let metadata: Metadata? = try fields.optional(.metadata)
    labels = metadata?.labels ?? [:]
    annotations = metadata?.annotations ?? [:]
    spec = try fields.decode(PodSpec.self, forKey: .spec)
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(Metadata(labels: labels, annotations: annotations), forKey: .metadata)
    try fields.encode(spec, forKey: .spec)
  }
}

/// What runs in a pod.
public struct PodSpec: Codable, Hashable, Sendable {
  public var containers: [Container]
  public var initContainers: [Container]
  /// Empty until the scheduler has found a node.
  public var nodeName: String
  public var restartPolicy: String

  public init(
    containers: [Container], initContainers: [Container] = [], nodeName: String = "", restartPolicy: String = "Always"
  ) {
    self.containers = containers
    self.initContainers = initContainers
    self.nodeName = nodeName
    self.restartPolicy = restartPolicy
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    containers = try fields.value(.containers, default: [])
    initContainers = try fields.value(.initContainers, default: [])
    nodeName = try fields.value(.nodeName, default: "")
    restartPolicy = try fields.value(.restartPolicy, default: "Always")
  }

  /// The container of that name among the ordinary ones.
  public func container(named name: String) -> Container? {
    containers.first { $0.name == name }
  }
}

/// What the kubelet (and, before it, the scheduler) reports of a pod.
public struct PodStatus: Codable, Hashable, Sendable {
  /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
  public var phase: String
  /// For instance `Evicted`, `Preempting`, `NodeLost`.
  public var reason: String
  public var message: String
  public var conditions: [Condition]
  public var initContainerStatuses: [ContainerStatus]
  public var containerStatuses: [ContainerStatus]
  public var startTime: Timestamp?

  public init(
    phase: String = "Pending", reason: String = "", message: String = "", conditions: [Condition] = [],
    initContainerStatuses: [ContainerStatus] = [], containerStatuses: [ContainerStatus] = [],
    startTime: Timestamp? = nil
  ) {
    self.phase = phase
    self.reason = reason
    self.message = message
    self.conditions = conditions
    self.initContainerStatuses = initContainerStatuses
    self.containerStatuses = containerStatuses
    self.startTime = startTime
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    phase = try fields.value(.phase, default: "")
    reason = try fields.value(.reason, default: "")
    message = try fields.value(.message, default: "")
    conditions = try fields.value(.conditions, default: [])
    initContainerStatuses = try fields.value(.initContainerStatuses, default: [])
    containerStatuses = try fields.value(.containerStatuses, default: [])
    startTime = try fields.optional(.startTime)
  }
}
