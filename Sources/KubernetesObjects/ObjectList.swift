/// A page of a list.
public struct ObjectList<Object: KubernetesObject>: Codable, Hashable, Sendable {
  public var metadata: ListMeta
  public var items: [Object]

  public init(metadata: ListMeta, items: [Object]) {
    self.metadata = metadata
    self.items = items
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try fields.value(.metadata, default: ListMeta())
    items = try fields.value(.items, default: [])
  }
}

public typealias DeploymentList = ObjectList<Deployment>
public typealias ReplicaSetList = ObjectList<ReplicaSet>
public typealias PodList = ObjectList<Pod>
public typealias EventList = ObjectList<Event>

/// From where to watch, and whether there is another page.
public struct ListMeta: Codable, Hashable, Sendable {
  /// The version of the whole list: a watch from here misses nothing and repeats nothing.
  public var resourceVersion: String
  /// The token of the next page; empty on the last one.
  public var `continue`: String
  public var remainingItemCount: Int

  public init(resourceVersion: String = "", continue: String = "", remainingItemCount: Int = 0) {
    self.resourceVersion = resourceVersion
    self.continue = `continue`
    self.remainingItemCount = remainingItemCount
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    resourceVersion = try fields.value(.resourceVersion, default: "")
    `continue` = try fields.value(.continue, default: "")
    remainingItemCount = try fields.value(.remainingItemCount, default: 0)
  }
}
