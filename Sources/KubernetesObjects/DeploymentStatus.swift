/// What the deployment controller last saw. Counts that the server left out are zero.
public struct DeploymentStatus: Codable, Hashable, Sendable {
  /// The newest generation that the controller has acted on. Written together with the counts.
  public var observedGeneration: Int
  /// Pods of all ReplicaSets, without those that are terminating.
  public var replicas: Int
  /// Pods of the newest template.
  public var updatedReplicas: Int
  public var readyReplicas: Int
  /// Pods ready for at least `minReadySeconds`.
  public var availableReplicas: Int
  public var unavailableReplicas: Int
  public var terminatingReplicas: Int
  public var conditions: [Condition]

  public init(
    observedGeneration: Int = 0, replicas: Int = 0, updatedReplicas: Int = 0, readyReplicas: Int = 0,
    availableReplicas: Int = 0, unavailableReplicas: Int = 0, terminatingReplicas: Int = 0,
    conditions: [Condition] = []
  ) {
    self.observedGeneration = observedGeneration
    self.replicas = replicas
    self.updatedReplicas = updatedReplicas
    self.readyReplicas = readyReplicas
    self.availableReplicas = availableReplicas
    self.unavailableReplicas = unavailableReplicas
    self.terminatingReplicas = terminatingReplicas
    self.conditions = conditions
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    observedGeneration = try fields.value(.observedGeneration, default: 0)
    replicas = try fields.value(.replicas, default: 0)
    updatedReplicas = try fields.value(.updatedReplicas, default: 0)
    readyReplicas = try fields.value(.readyReplicas, default: 0)
    availableReplicas = try fields.value(.availableReplicas, default: 0)
    unavailableReplicas = try fields.value(.unavailableReplicas, default: 0)
    terminatingReplicas = try fields.value(.terminatingReplicas, default: 0)
    conditions = try fields.value(.conditions, default: [])
  }

  /// Whether the rollout moves: reasons `NewReplicaSetCreated`, `ReplicaSetUpdated`, `NewReplicaSetAvailable`,
  /// `ProgressDeadlineExceeded`, `DeploymentPaused` and others.
  public var progressing: Condition? { conditions.first(ofType: "Progressing") }
  /// Whether pods could not be created, for instance because of a quota (reason `FailedCreate`).
  public var replicaFailure: Condition? { conditions.first(ofType: "ReplicaFailure") }
  /// Whether at least the minimum of pods is available.
  public var available: Condition? { conditions.first(ofType: "Available") }
}
