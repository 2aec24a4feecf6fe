/// A kind of object that is served: where it lives in the API and what it is called.
struct ResourceType: Hashable, Sendable {
  let group: String
  let version: String
  let plural: String
  let singular: String
  let kind: String
  let isNamespaced: Bool
  let shortNames: [String]
  let categories: [String]
  /// Whether the object has a `status` that is written through a path of its own.
  let hasStatus: Bool
  let hasScale: Bool

  init(
    group: String = "", version: String = "v1", _ plural: String, _ kind: String, namespaced: Bool = true,
    short: [String] = [], categories: [String] = [], status: Bool = false, scale: Bool = false
  ) {
    self.group = group
    self.version = version
    self.plural = plural
    singular = kind.lowercased()
    self.kind = kind
    isNamespaced = namespaced
    shortNames = short
    self.categories = categories
    hasStatus = status
    hasScale = scale
  }

  static func == (one: ResourceType, other: ResourceType) -> Bool {
    one.plural == other.plural && one.group == other.group
  }

  func hash(into hasher: inout Hasher) { hasher.combine(plural) }

  /// `apps/v1`, or `v1` for the core group.
  var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// `deployments.apps`, as messages name it.
  var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

  /// The `details` of a status about one object.
  func details(name: String) -> JSON {
    var details: JSON = ["name": .string(name), "kind": .string(plural)]
    if !group.isEmpty { details["group"] = .string(group) }
    return details
  }

  /// Whether objects of this type carry `metadata.generation`.
  var hasGeneration: Bool { [Self.deployments, .replicaSets, .pods].contains(self) }

  static let namespaces = ResourceType("namespaces", "Namespace", namespaced: false, short: ["ns"], status: true)
  static let nodes = ResourceType("nodes", "Node", namespaced: false, short: ["no"], status: true)
  static let pods = ResourceType("pods", "Pod", short: ["po"], categories: ["all"], status: true)
  static let events = ResourceType("events", "Event", short: ["ev"])
  static let resourceQuotas = ResourceType("resourcequotas", "ResourceQuota", short: ["quota"], status: true)
  static let configMaps = ResourceType("configmaps", "ConfigMap", short: ["cm"])
  static let secrets = ResourceType("secrets", "Secret")
  static let services = ResourceType("services", "Service", short: ["svc"], categories: ["all"], status: true)
  static let serviceAccounts = ResourceType("serviceaccounts", "ServiceAccount", short: ["sa"])
  static let deployments = ResourceType(
    group: "apps", "deployments", "Deployment", short: ["deploy"], categories: ["all"], status: true, scale: true)
  static let replicaSets = ResourceType(
    group: "apps", "replicasets", "ReplicaSet", short: ["rs"], categories: ["all"], status: true, scale: true)
  static let autoscalers = ResourceType(
    group: "autoscaling", version: "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", short: ["hpa"],
    categories: ["all"], status: true)

  /// All served types.
  static let all: [ResourceType] = [
    .configMaps, .events, .namespaces, .nodes, .pods, .resourceQuotas, .secrets, .serviceAccounts, .services,
    .deployments, .replicaSets, .autoscalers,
  ]
}

/// Where an object is among those of its type.
struct ObjectKey: Hashable, Comparable, Sendable {
  var namespace: String
  var name: String

  static func < (one: ObjectKey, other: ObjectKey) -> Bool {
    one.namespace == other.namespace ? one.name < other.name : one.namespace < other.namespace
  }
}
