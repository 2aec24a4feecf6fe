/// What every object of the API carries: its identity, its version and its owners.
///
/// `managedFields` is not read; its `fieldsV1` is often larger than the rest of the object.
/// Source: Kubernetes API conventions, "Metadata".
public struct ObjectMeta: Codable, Hashable, Sendable {
  public var name: String
  public var namespace: String
  /// Never reused: an object that was deleted and created again under its name has another uid.
  public var uid: String
  /// Opaque; only equality has a meaning.
  public var resourceVersion: String
  /// Grows by one with each change of the spec (and, for a Deployment, of its annotations).
  public var generation: Int
  public var creationTimestamp: Timestamp?
  /// Set while the object waits for its finalizers or its grace period: it is being deleted.
  public var deletionTimestamp: Timestamp?
  public var labels: [String: String]
  public var annotations: [String: String]
  public var ownerReferences: [OwnerReference]

  public init(
    name: String, namespace: String = "default", uid: String = "", resourceVersion: String = "", generation: Int = 0,
    creationTimestamp: Timestamp? = nil, deletionTimestamp: Timestamp? = nil, labels: [String: String] = [:],
    annotations: [String: String] = [:], ownerReferences: [OwnerReference] = []
  ) {
    self.name = name
    self.namespace = namespace
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.generation = generation
    self.creationTimestamp = creationTimestamp
    self.deletionTimestamp = deletionTimestamp
    self.labels = labels
    self.annotations = annotations
    self.ownerReferences = ownerReferences
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.value(.name, default: "")
    namespace = try fields.value(.namespace, default: "")
    uid = try fields.value(.uid, default: "")
    resourceVersion = try fields.value(.resourceVersion, default: "")
    generation = try fields.value(.generation, default: 0)
    creationTimestamp = try fields.optional(.creationTimestamp)
    deletionTimestamp = try fields.optional(.deletionTimestamp)
    labels = try fields.value(.labels, default: [:])
    annotations = try fields.value(.annotations, default: [:])
    ownerReferences = try fields.value(.ownerReferences, default: [])
  }

  /// True once somebody asked for the object's deletion.
  public var isBeingDeleted: Bool { deletionTimestamp != nil }

  /// The owner that manages this object, if it has one. At most one reference is the controller's.
  public var controller: OwnerReference? { ownerReferences.first { $0.controller } }
}

/// A reference from an object to one of its owners.
public struct OwnerReference: Codable, Hashable, Sendable {
  public var kind: String
  public var name: String
  public var uid: String
  /// Whether this owner is the one that manages the object.
  public var controller: Bool

  public init(kind: String, name: String, uid: String, controller: Bool = true) {
    self.kind = kind
    self.name = name
    self.uid = uid
    self.controller = controller
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    kind = try fields.value(.kind, default: "")
    name = try fields.value(.name, default: "")
    uid = try fields.value(.uid, default: "")
    controller = try fields.value(.controller, default: false)
  }
}

/// An object of the Kubernetes API that lives in a namespace and can be listed and watched.
public protocol KubernetesObject: Codable, Hashable, Sendable {
  var metadata: ObjectMeta { get set }
}
