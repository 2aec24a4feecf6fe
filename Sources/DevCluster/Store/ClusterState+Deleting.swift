/// What a deletion request says.
struct DeleteOptions: Sendable {
  enum Propagation: String, Sendable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
  }

  var propagation = Propagation.background
  var gracePeriod: Int?
  var uid: String?
  var resourceVersion: String?
  var isDryRun = false
}

extension ClusterState {
  /// How a deletion went.
  enum Deletion {
    /// The object is gone.
    case gone(JSON)
    /// The object stays until a finalizer, a kubelet or a namespace's end lets it go.
    case pending(JSON)
  }

  /// Deletes an object by the rules of its type: at once, gracefully, or after what its finalizers wait for.
  @discardableResult
  mutating func delete(
    _ type: ResourceType, _ key: ObjectKey, _ options: DeleteOptions = DeleteOptions()
  ) throws(APIStatus) -> Deletion {
    guard let old = store.object(type, key) else { throw .notFound(type, key.name) }
    try checkPreconditions(type, old, options)
    if options.isDryRun { return .gone(old) }
    switch type {
    case .pods: return deletePod(old, gracePeriod: options.gracePeriod)
    case .namespaces:
      if old.isBeingDeleted { return .pending(old) }
      var new = old
      new["metadata"]["deletionTimestamp"] = .string(now.seconds)
      new["status"]["phase"] = "Terminating"
      return .pending(store.put(type, new))
    default: break
    }
    var finalizers = old.finalizers
    if type == .deployments || type == .replicaSets, !old.isBeingDeleted {
      switch options.propagation {
      case .foreground where !finalizers.contains("foregroundDeletion"): finalizers.append("foregroundDeletion")
      case .orphan where !finalizers.contains("orphan"): finalizers.append("orphan")
      default: break
      }
    }
    guard !finalizers.isEmpty else { return .gone(store.remove(type, key) ?? old) }
    if old.isBeingDeleted { return .pending(old) }
    var new = old
    new["metadata"]["finalizers"] = .array(finalizers.map(JSON.string))
    new["metadata"]["deletionTimestamp"] = .string(now.seconds)
    new["metadata"]["deletionGracePeriodSeconds"] = 0
    if type.hasGeneration { new["metadata"]["generation"] = JSON(old.generation + 1) }
    return .pending(store.put(type, new))
  }

  private func checkPreconditions(
    _ type: ResourceType, _ old: JSON, _ options: DeleteOptions
  ) throws(APIStatus) {
    let group = type.group.isEmpty ? type.kind : "\(type.kind).\(type.group)"
    var details = type.details(name: old.name)
    details["kind"] = .string(type.kind)
    if let uid = options.uid, uid != old.uid {
      throw APIStatus(
        code: 409, reason: "Conflict",
        message: "Operation cannot be fulfilled on \(group) \"\(old.name)\": the UID in the precondition (\(uid)) does "
          + "not match the UID in record (\(old.uid)). The object might have been deleted and then recreated",
        details: details)
    }
    if let version = options.resourceVersion, version != old.resourceVersion {
      throw APIStatus(
        code: 409, reason: "Conflict",
        message: "Operation cannot be fulfilled on \(group) \"\(old.name)\": the ResourceVersion in the precondition "
          + "(\(version)) does not match the ResourceVersion in record (\(old.resourceVersion)). The object might have "
          + "been modified",
        details: details)
    }
  }

  private mutating func deletePod(_ old: JSON, gracePeriod: Int?) -> Deletion {
    var grace = gracePeriod ?? old["spec"]["terminationGracePeriodSeconds"].int ?? 30
    // A pod that no node has taken has nobody to end it gracefully.
    if old["spec"]["nodeName"].isNull { grace = 0 }
    if grace == 0 { return .gone(store.remove(.pods, old.key) ?? old) }
    if old.isBeingDeleted { return .pending(old) }
    var new = old
    new["metadata"]["deletionTimestamp"] = .string((now + .seconds(grace)).seconds)
    new["metadata"]["deletionGracePeriodSeconds"] = JSON(grace)
    new["metadata"]["generation"] = JSON(old.generation + 1)
    return .pending(store.put(.pods, new))
  }
}
