/// An `apps/v1` ReplicaSet: the pods of one template of a Deployment.
public struct ReplicaSet: KubernetesObject {
  public var metadata: ObjectMeta
  public var spec: ReplicaSetSpec
  public var status: ReplicaSetStatus

  public init(metadata: ObjectMeta, spec: ReplicaSetSpec, status: ReplicaSetStatus = ReplicaSetStatus()) {
    self.metadata = metadata
    self.spec = spec
    self.status = status
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try fields.decode(ObjectMeta.self, forKey: .metadata)
    spec = try fields.decode(ReplicaSetSpec.self, forKey: .spec)
    status = try fields.value(.status, default: ReplicaSetStatus())
  }

  /// The revision of the Deployment for which this set was last used. Rolling back to a set raises it.
  public var revision: String? { metadata.annotations["deployment.kubernetes.io/revision"] }
  /// The label that tells this set's pods from those of the Deployment's other sets.
  public var podTemplateHash: String? { metadata.labels["pod-template-hash"] }
}

/// What is wanted of a ReplicaSet.
public struct ReplicaSetSpec: Codable, Hashable, Sendable {
  public var replicas: Int
  public var selector: LabelSelector
  public var template: PodTemplate?

  public init(replicas: Int = 1, selector: LabelSelector = LabelSelector(), template: PodTemplate? = nil) {
    self.replicas = replicas
    self.selector = selector
    self.template = template
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    replicas = try fields.value(.replicas, default: 1)
    selector = try fields.value(.selector, default: LabelSelector())
    template = try fields.optional(.template)
  }
}

/// What the controller last saw of a ReplicaSet. Counts that the server left out are zero.
public struct ReplicaSetStatus: Codable, Hashable, Sendable {
  public var observedGeneration: Int
  public var replicas: Int
  public var readyReplicas: Int
  public var availableReplicas: Int
  public var conditions: [Condition]

  public init(
    observedGeneration: Int = 0, replicas: Int = 0, readyReplicas: Int = 0, availableReplicas: Int = 0,
    conditions: [Condition] = []
  ) {
    self.observedGeneration = observedGeneration
    self.replicas = replicas
    self.readyReplicas = readyReplicas
    self.availableReplicas = availableReplicas
    self.conditions = conditions
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    observedGeneration = try fields.value(.observedGeneration, default: 0)
    replicas = try fields.value(.replicas, default: 0)
    readyReplicas = try fields.value(.readyReplicas, default: 0)
    availableReplicas = try fields.value(.availableReplicas, default: 0)
    conditions = try fields.value(.conditions, default: [])
  }
}
