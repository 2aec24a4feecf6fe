/// An `apps/v1` Deployment, as far as a rollout needs it.
public struct Deployment: KubernetesObject {
  public var metadata: ObjectMeta
  public var spec: DeploymentSpec
  public var status: DeploymentStatus

  public init(metadata: ObjectMeta, spec: DeploymentSpec, status: DeploymentStatus = DeploymentStatus()) {
    self.metadata = metadata
    self.spec = spec
    self.status = status
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try fields.decode(ObjectMeta.self, forKey: .metadata)
    spec = try fields.decode(DeploymentSpec.self, forKey: .spec)
    status = try fields.value(.status, default: DeploymentStatus())
  }

  /// The revision that the controller gave the current template. Only meaningful once `observedGeneration` has
  /// caught up with `generation`.
  public var revision: String? { metadata.annotations["deployment.kubernetes.io/revision"] }
}

/// What is wanted of a Deployment.
public struct DeploymentSpec: Codable, Hashable, Sendable {
  public var replicas: Int
  public var paused: Bool
  public var minReadySeconds: Int
  /// Nil where the server did not default it (it always does: 600).
  public var progressDeadlineSeconds: Int?
  public var revisionHistoryLimit: Int?
  public var strategy: DeploymentStrategy
  public var selector: LabelSelector
  public var template: PodTemplate

  public init(
    replicas: Int = 1, paused: Bool = false, minReadySeconds: Int = 0, progressDeadlineSeconds: Int? = 600,
    revisionHistoryLimit: Int? = 10, strategy: DeploymentStrategy = DeploymentStrategy(),
    selector: LabelSelector = LabelSelector(), template: PodTemplate
  ) {
    self.replicas = replicas
    self.paused = paused
    self.minReadySeconds = minReadySeconds
    self.progressDeadlineSeconds = progressDeadlineSeconds
    self.revisionHistoryLimit = revisionHistoryLimit
    self.strategy = strategy
    self.selector = selector
    self.template = template
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    replicas = try fields.value(.replicas, default: 1)
    paused = try fields.value(.paused, default: false)
    minReadySeconds = try fields.value(.minReadySeconds, default: 0)
    progressDeadlineSeconds = try fields.optional(.progressDeadlineSeconds)
    revisionHistoryLimit = try fields.optional(.revisionHistoryLimit)
    strategy = try fields.value(.strategy, default: DeploymentStrategy())
    selector = try fields.value(.selector, default: LabelSelector())
    template = try fields.decode(PodTemplate.self, forKey: .template)
  }
}

/// How a Deployment replaces its pods.
public struct DeploymentStrategy: Codable, Hashable, Sendable {
  public struct RollingUpdate: Codable, Hashable, Sendable {
    public var maxSurge: IntOrString?
    public var maxUnavailable: IntOrString?

    public init(maxSurge: IntOrString?, maxUnavailable: IntOrString?) {
      self.maxSurge = maxSurge
      self.maxUnavailable = maxUnavailable
    }
  }

  /// `RollingUpdate` or `Recreate`.
  public var type: String
  public var rollingUpdate: RollingUpdate?

  public init(
    type: String = "RollingUpdate",
    rollingUpdate: RollingUpdate? = RollingUpdate(maxSurge: .int(1), maxUnavailable: .int(0))
  ) {
    self.type = type
    self.rollingUpdate = rollingUpdate
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    type = try fields.value(.type, default: "RollingUpdate")
    rollingUpdate = try fields.optional(.rollingUpdate)
  }
}

/// A number, or a percentage such as `25%`.
public enum IntOrString: Codable, Hashable, Sendable, CustomStringConvertible {
  case int(Int)
  case string(String)

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      self = .int(number)
    } else {
      self = .string(try container.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .int(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    }
  }

  public var description: String {
    switch self {
    case .int(let number): String(number)
    case .string(let text): text
    }
  }
}
