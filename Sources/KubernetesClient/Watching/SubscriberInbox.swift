internal import KubernetesObjects

/// What one subscriber has not heard yet, in its newest state. Holds at most one entry for each object that exists or
/// that the subscriber knows, however slow it is. Pure.
struct SubscriberInbox<Object: KubernetesObject>: Sendable {
  let filter: ObjectFilter<Object>

  /// Uids that the subscriber was told of and believes to exist.
  private var known: Set<String> = []
  private var changed: [String: Object] = [:]
  /// Uids in the order in which they first changed.
  private var order: [String] = []
  private var deleted: [String: Object] = [:]
  private var isSynced = false
  private var initialIsDue = false
  private var reachability: Reachability
  private var toldReachability: Reachability = .reachable

  init(filter: ObjectFilter<Object>, reachability: Reachability) {
    self.filter = filter
    self.reachability = reachability
  }

  /// The complete state is known: now, or already when the subscriber came.
  mutating func sync(_ objects: some Sequence<Object>) {
    guard !isSynced else { return }
    isSynced = true
    initialIsDue = true
    for object in objects where filter.matches(object) { add(object) }
  }

  mutating func receive(_ change: ObjectStore<Object>.Change) {
    guard isSynced else { return }
    switch change {
    case .changed(let object, _):
      if filter.matches(object) {
        add(object)
      } else {
        remove(object)
      }
    case .deleted(let object, _):
      remove(object)
    }
  }

  mutating func receive(_ reachability: Reachability) {
    self.reachability = reachability
  }

  /// Everything new; nil when there is nothing.
  mutating func take() -> ObjectUpdate<Object>? {
    guard initialIsDue || !changed.isEmpty || !deleted.isEmpty || reachability != toldReachability else { return nil }
    let update = ObjectUpdate(
      changed: order.compactMap { changed[$0] }, deleted: Array(deleted.values), isInitial: initialIsDue,
      reachability: reachability)
    known.formUnion(changed.keys)
    known.subtract(deleted.keys)
    changed = [:]
    order = []
    deleted = [:]
    initialIsDue = false
    toldReachability = reachability
    return update
  }

  private mutating func add(_ object: Object) {
    let uid = object.metadata.uid
    // It matched, stopped to, and matches again.
    deleted[uid] = nil
    if changed.updateValue(object, forKey: uid) == nil { order.append(uid) }
  }

  private mutating func remove(_ object: Object) {
    let uid = object.metadata.uid
    if changed.removeValue(forKey: uid) != nil { order.removeAll { $0 == uid } }
    // What the subscriber never heard of need not be taken back.
    if known.contains(uid) { deleted[uid] = object }
  }
}
