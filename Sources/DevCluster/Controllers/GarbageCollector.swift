/// The garbage collector: what owned objects do when their owners go.
extension ClusterState {
  /// Looks at an object that is gone or going, and does to its dependents what that asks for.
  mutating func collectGarbage(_ type: ResourceType, _ key: ObjectKey, uid: String) throws(APIStatus) {
    guard let owner = store.object(type, key), owner.uid == uid else {
      for reference in store.references(ownedBy: uid) { try collectDependent(reference) }
      return
    }
    guard owner.isBeingDeleted else { return }
    if owner.finalizers.contains("orphan") {
      // One at a time, so that the owner's status can follow, as it does beside a real garbage collector.
      guard let first = store.references(ownedBy: uid).first, var dependent = store.object(first.type, first.key)
      else { return try finalize(type, key, removing: "orphan") }
      let kept = dependent.ownerReferences.filter { $0["uid"].string != uid }
      dependent["metadata"]["ownerReferences"] = kept.isEmpty ? .null : .array(kept)
      try update(first.type, dependent, .controller)
      timers.schedule(.collect(type: type, key, uid: uid), at: now + timing.garbageCollector)
    } else if owner.finalizers.contains("foregroundDeletion") {
      let blocking = store.references(ownedBy: uid).filter { reference in
        store.object(reference.type, reference.key)?.ownerReferences.contains {
          $0["uid"].string == uid && $0["blockOwnerDeletion"].bool == true
        } ?? false
      }
      for reference in blocking where store.object(reference.type, reference.key)?.isBeingDeleted == false {
        try collectDependent(reference)
      }
      if blocking.isEmpty { try finalize(type, key, removing: "foregroundDeletion") }
    }
  }

  /// Deletes a dependent none of whose owners is there any more, or whose only owner waits for it.
  private mutating func collectDependent(_ reference: ObjectStore.Reference) throws(APIStatus) {
    guard let object = store.object(reference.type, reference.key), !object.isBeingDeleted else { return }
    var isAwaited = false
    for owner in object.ownerReferences {
      guard let type = ResourceType.all.first(where: { $0.kind == owner["kind"].string }) else { return }
      let key = ObjectKey(namespace: object.namespace, name: owner["name"].string ?? "")
      guard let living = store.object(type, key), living.uid == owner["uid"].string else { continue }
      guard living.isBeingDeleted, living.finalizers.contains("foregroundDeletion") else { return }
      isAwaited = true
    }
    var options = DeleteOptions(uid: object.uid)
    if isAwaited, !store.references(ownedBy: object.uid).isEmpty { options.propagation = .foreground }
    try delete(reference.type, reference.key, options)
  }

  private mutating func finalize(_ type: ResourceType, _ key: ObjectKey, removing finalizer: String) throws(APIStatus) {
    guard var object = store.object(type, key) else { return }
    let kept = object.finalizers.filter { $0 != finalizer }
    object["metadata"]["finalizers"] = kept.isEmpty ? .null : .array(kept.map(JSON.string))
    try update(type, object, .controller)
  }

  /// Empties a namespace that is being deleted, and ends it once it is empty.
  mutating func finishNamespace(_ name: String) throws(APIStatus) {
    let key = ObjectKey(namespace: "", name: name)
    guard let namespace = store.object(.namespaces, key), namespace.isBeingDeleted else { return }
    var isEmpty = true
    for type in ResourceType.all where type.isNamespaced {
      for object in store.objects(type, namespace: name) {
        if !object.isBeingDeleted { try delete(type, object.key) }
        if store.object(type, object.key) != nil { isEmpty = false }
      }
    }
    if isEmpty { store.remove(.namespaces, key) }
  }
}
