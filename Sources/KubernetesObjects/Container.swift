/// A container of a pod template: its image, its probes and where its environment comes from.
public struct Container: Codable, Hashable, Sendable {
  public var name: String
  public var image: String
  public var imagePullPolicy: String
  /// `Always` makes an init container a sidecar; else empty.
  public var restartPolicy: String
  public var readinessProbe: Probe?
  public var livenessProbe: Probe?
  public var startupProbe: Probe?
  public var env: [EnvironmentVariable]
  public var envFrom: [EnvironmentSource]
  public var resources: ContainerResources?

  public init(
    name: String, image: String, imagePullPolicy: String = "IfNotPresent", restartPolicy: String = "",
    readinessProbe: Probe? = nil, livenessProbe: Probe? = nil, startupProbe: Probe? = nil,
    env: [EnvironmentVariable] = [], envFrom: [EnvironmentSource] = [], resources: ContainerResources? = nil
  ) {
    self.name = name
    self.image = image
    self.imagePullPolicy = imagePullPolicy
    self.restartPolicy = restartPolicy
    self.readinessProbe = readinessProbe
    self.livenessProbe = livenessProbe
    self.startupProbe = startupProbe
    self.env = env
    self.envFrom = envFrom
    self.resources = resources
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.value(.name, default: "")
    image = try fields.value(.image, default: "")
    imagePullPolicy = try fields.value(.imagePullPolicy, default: "")
    restartPolicy = try fields.value(.restartPolicy, default: "")
    readinessProbe = try fields.optional(.readinessProbe)
    livenessProbe = try fields.optional(.livenessProbe)
    startupProbe = try fields.optional(.startupProbe)
    env = try fields.value(.env, default: [])
    envFrom = try fields.value(.envFrom, default: [])
    resources = try fields.optional(.resources)
  }
}

/// What a container may use, as quantities (`500m`, `64Mi`) by the resource's name.
public struct ContainerResources: Codable, Hashable, Sendable {
  public var limits: [String: String]

  public init(limits: [String: String] = [:]) { self.limits = limits }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let quantities: [String: IntOrString] = try fields.value(.limits, default: [:])
    limits = quantities.mapValues(\.description)
  }
}

/// One variable of a container's environment. Its value may be a secret: never log it.
public struct EnvironmentVariable: Codable, Hashable, Sendable {
  public struct Source: Codable, Hashable, Sendable {
    public var configMapKeyRef: KeyReference?
    public var secretKeyRef: KeyReference?
    public var fieldRef: FieldReference?
    public var resourceFieldRef: ResourceReference?

    public init(
      configMapKeyRef: KeyReference? = nil, secretKeyRef: KeyReference? = nil, fieldRef: FieldReference? = nil,
      resourceFieldRef: ResourceReference? = nil
    ) {
      self.configMapKeyRef = configMapKeyRef
      self.secretKeyRef = secretKeyRef
      self.fieldRef = fieldRef
      self.resourceFieldRef = resourceFieldRef
    }
  }

  /// A field of the pod itself: `metadata.name`.
  public struct FieldReference: Codable, Hashable, Sendable {
    public var fieldPath: String

    public init(fieldPath: String) { self.fieldPath = fieldPath }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      fieldPath = try fields.value(.fieldPath, default: "")
    }
  }

  /// A request or limit of a container: `limits.memory`.
  public struct ResourceReference: Codable, Hashable, Sendable {
    public var containerName: String
    public var resource: String

    public init(containerName: String = "", resource: String) {
      self.containerName = containerName
      self.resource = resource
    }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      containerName = try fields.value(.containerName, default: "")
      resource = try fields.value(.resource, default: "")
    }
  }

  /// A key of a ConfigMap or a Secret.
  public struct KeyReference: Codable, Hashable, Sendable {
    public var name: String
    public var key: String

    public init(name: String, key: String) {
      self.name = name
      self.key = key
    }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      name = try fields.value(.name, default: "")
      key = try fields.value(.key, default: "")
    }
  }

  public var name: String
  public var value: String
  public var valueFrom: Source?

  public init(name: String, value: String = "", valueFrom: Source? = nil) {
    self.name = name
    self.value = value
    self.valueFrom = valueFrom
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.value(.name, default: "")
    value = try fields.value(.value, default: "")
    valueFrom = try fields.optional(.valueFrom)
  }
}

/// A whole ConfigMap or Secret poured into a container's environment.
public struct EnvironmentSource: Codable, Hashable, Sendable {
  public struct Reference: Codable, Hashable, Sendable {
    public var name: String

    public init(name: String) { self.name = name }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      name = try fields.value(.name, default: "")
    }
  }

  public var prefix: String
  public var configMapRef: Reference?
  public var secretRef: Reference?

  public init(prefix: String = "", configMapRef: Reference? = nil, secretRef: Reference? = nil) {
    self.prefix = prefix
    self.configMapRef = configMapRef
    self.secretRef = secretRef
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    prefix = try fields.value(.prefix, default: "")
    configMapRef = try fields.optional(.configMapRef)
    secretRef = try fields.optional(.secretRef)
  }
}
