/// Who writes, and how: what the rules for an object's metadata depend on.
struct WriteOptions: Sendable {
  var fieldManager = "unknown"
  var isDryRun = false
  /// Server-side apply: what is written was applied, and these fields are owned by that act.
  var operation = "Update"
  var appliedFields: FieldSet?

  static let controller = WriteOptions(fieldManager: "kube-controller-manager")
  static let scheduler = WriteOptions(fieldManager: "kube-scheduler")
  static let kubelet = WriteOptions(fieldManager: "kubelet")
}

/// Writes under the rules that an API server enforces for every client, the cluster's own controllers included.
extension ClusterState {
  /// Creates an object. Throws when its namespace is missing or going, its name is taken, or it is invalid.
  @discardableResult
  mutating func create(_ type: ResourceType, _ object: JSON, _ options: WriteOptions) throws(APIStatus) -> JSON {
    var object = Schema.shared.pruned(object, kind: type.kind)
    object["apiVersion"] = .string(type.apiVersion)
    object["kind"] = .string(type.kind)
    if object.name.isEmpty, let prefix = object["metadata"]["generateName"].string {
      object["metadata"]["name"] = .string(prefix + random.suffix())
    }
    let name = object.name
    if type.isNamespaced {
      guard let namespace = store.object(.namespaces, ObjectKey(namespace: "", name: object.namespace)) else {
        throw .notFound(.namespaces, object.namespace)
      }
      if namespace.isBeingDeleted { throw .namespaceTerminating(type, name, object.namespace) }
    }
    prepareMetadata(of: &object, type)
    Defaults.apply(to: &object, type)
    if type == .pods { preparePod(&object) }
    let problems = Validation.problems(of: object, type)
    if !problems.isEmpty { throw .invalid(type, name, problems) }
    if store.object(type, object.key) != nil { throw .alreadyExists(type, name) }
    if type == .pods { try admitPod(object) }
    ManagedFields.record(old: nil, new: &object, type: type, subresource: "", options: options, at: now)
    if options.isDryRun { return object }
    return store.put(type, object)
  }

  /// Writes a new state of an object's spec and metadata. A `metadata.resourceVersion` in it must be the present one.
  /// Writes nothing where nothing would change.
  @discardableResult
  mutating func update(_ type: ResourceType, _ object: JSON, _ options: WriteOptions) throws(APIStatus) -> JSON {
    guard let old = store.object(type, object.key) else { throw .notFound(type, object.name) }
    var new = Schema.shared.pruned(object, kind: type.kind)
    try checkPreconditions(type, old: old, new: new)
    keepServerFields(of: old, in: &new)
    if type.hasStatus { new.members["status"] = old.members["status"] }
    Defaults.apply(to: &new, type)
    if type.hasGeneration {
      let isBumped =
        new["spec"] != old["spec"]
        || (type == .deployments && new["metadata"]["annotations"] != old["metadata"]["annotations"])
      new["metadata"]["generation"] = JSON(old.generation + (isBumped ? 1 : 0))
    }
    let problems = Validation.problems(of: new, type) + Validation.problems(changing: old, to: new, type)
    if !problems.isEmpty { throw .invalid(type, old.name, problems) }
    return commit(type, old: old, new: new, subresource: "", options)
  }

  /// Writes a new status, and with it annotations, as Kubernetes' status paths of workloads do; all else is ignored.
  @discardableResult
  mutating func updateStatus(_ type: ResourceType, _ object: JSON, _ options: WriteOptions) throws(APIStatus) -> JSON {
    guard let old = store.object(type, object.key) else { throw .notFound(type, object.name) }
    let given = Schema.shared.pruned(object, kind: type.kind)
    try checkPreconditions(type, old: old, new: given)
    var new = old
    new.members["status"] = .object(given["status"].members)
    if type == .deployments || type == .replicaSets {
      new["metadata"]["annotations"] = given["metadata"]["annotations"]
    }
    return commit(type, old: old, new: new, subresource: "status", options)
  }

  /// Writes what changed, unless nothing did; an object whose deletion waited for its last finalizer goes.
  private mutating func commit(
    _ type: ResourceType, old: JSON, new: JSON, subresource: String, _ options: WriteOptions
  ) -> JSON {
    var new = new
    new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    new["metadata"]["managedFields"] = old["metadata"]["managedFields"]
    if new == old, options.operation != "Apply" { return old }
    ManagedFields.record(old: old, new: &new, type: type, subresource: subresource, options: options, at: now)
    if options.isDryRun || new.isSame(as: old) { return options.isDryRun ? new : old }
    if type == .deployments { writeLog.note(old: old, new: new, manager: options.fieldManager, at: now) }
    if new.isBeingDeleted, new.finalizers.isEmpty, type != .pods, type != .namespaces {
      // The last finalizer's removal is seen only as the deletion, of the object that still had it.
      return store.remove(type, new.key) ?? new
    }
    return store.put(type, new)
  }

  private func checkPreconditions(_ type: ResourceType, old: JSON, new: JSON) throws(APIStatus) {
    let version = new.resourceVersion
    if !version.isEmpty, version != old.resourceVersion { throw .conflict(type, old.name) }
    let uid = new.uid
    if !uid.isEmpty, uid != old.uid {
      let problem = FieldProblem.invalid("metadata.uid", .string(uid), "field is immutable")
      throw .invalid(type, old.name, [problem, problem])
    }
  }

  /// Puts back what a client may not change.
  private func keepServerFields(of old: JSON, in new: inout JSON) {
    for field in [
      "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
      "generation", "generateName", "managedFields",
    ] {
      new["metadata"][field] = old["metadata"][field]
    }
    new["metadata"]["selfLink"] = .null
    new["apiVersion"] = old["apiVersion"]
    new["kind"] = old["kind"]
  }

  private mutating func prepareMetadata(of object: inout JSON, _ type: ResourceType) {
    for field in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"] {
      object["metadata"][field] = .null
    }
    object["metadata"]["uid"] = .string(random.uid())
    object["metadata"]["creationTimestamp"] = .string(now.seconds)
    if type.hasGeneration { object["metadata"]["generation"] = 1 }
    if !type.isNamespaced { object["metadata"]["namespace"] = .null }
    guard type.hasStatus else { return }
    switch type {
    case .replicaSets: object["status"] = ["replicas": 0]
    case .namespaces:
      object["spec"] = ["finalizers": ["kubernetes"]]
      object["status"] = ["phase": "Active"]
      object["metadata"]["labels"]["kubernetes.io/metadata.name"] = .string(object.name)
    case .pods: object["status"] = ["phase": "Pending", "qosClass": "BestEffort"]
    case .nodes: break
    default: object.members["status"] = .object([:])
    }
  }

  /// Creates a namespace that is there from the beginning.
  mutating func installNamespace(_ name: String) {
    var object: JSON = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
    prepareMetadata(of: &object, .namespaces)
    store.put(.namespaces, object)
  }
}

extension JSON {
  /// Whether nothing differs but the times of `managedFields`.
  fileprivate func isSame(as other: JSON) -> Bool {
    func timeless(_ object: JSON) -> JSON {
      var object = object
      for index in object["metadata"]["managedFields"].elements.indices {
        object["metadata"]["managedFields"][index]["time"] = .null
      }
      return object
    }
    return timeless(self) == timeless(other)
  }
}

extension APIStatus {
  static func namespaceTerminating(_ type: ResourceType, _ name: String, _ namespace: String) -> APIStatus {
    let why = "unable to create new content in namespace \(namespace) because it is being terminated"
    var status = APIStatus.forbidden(type, name, why)
    status.details?["causes"] = [
      [
        "reason": "NamespaceTerminating", "message": .string("namespace \(namespace) is being terminated"),
        "field": "metadata.namespace",
      ]
    ]
    return status
  }
}
