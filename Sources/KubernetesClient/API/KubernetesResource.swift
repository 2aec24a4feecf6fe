public import KubernetesObjects

/// An object kind that this client can name in a URL.
public protocol KubernetesResource: KubernetesObject {
  static var resource: ResourceKind { get }
}

/// Where a kind lives in the API.
public struct ResourceKind: Sendable, Hashable {
  /// Empty for the core group.
  public var group: String
  public var version: String
  /// Lower-case plural, as in the path.
  public var plural: String

  public init(group: String = "", version: String = "v1", plural: String) {
    self.group = group
    self.version = version
    self.plural = plural
  }

  /// The path's segments up to the plural, for one namespace.
  func segments(namespace: String) -> [String] {
    (group.isEmpty ? ["api", version] : ["apis", group, version]) + ["namespaces", namespace, plural]
  }
}

extension Deployment: KubernetesResource {
  public static var resource: ResourceKind { ResourceKind(group: "apps", plural: "deployments") }
}

extension ReplicaSet: KubernetesResource {
  public static var resource: ResourceKind { ResourceKind(group: "apps", plural: "replicasets") }
}

extension HorizontalPodAutoscaler: KubernetesResource {
  public static var resource: ResourceKind {
    ResourceKind(group: "autoscaling", version: "v2", plural: "horizontalpodautoscalers")
  }
}

extension Pod: KubernetesResource {
  public static var resource: ResourceKind { ResourceKind(plural: "pods") }
}

extension Event: KubernetesResource {
  public static var resource: ResourceKind { ResourceKind(plural: "events") }
}
