internal import KubernetesObjects

/// The copy of a collection in one namespace. Pure.
struct ObjectStore<Object: KubernetesObject>: Sendable {
  enum Change: Sendable, Hashable {
    /// `before` is nil for an object that is new.
    case changed(Object, before: Object?)
    /// As the server last saw it, and as it was stored.
    case deleted(Object, before: Object)
  }

  private var objects: [String: Object] = [:]
  /// Whether the first list has come.
  private(set) var isSynced = false

  var all: some Collection<Object> { objects.values }

  /// Takes the whole state of a list; the changes that led to it, deletions that no watch told among them.
  mutating func replace(with list: [Object]) -> [Change] {
    isSynced = true
    var old = objects
    objects = [:]
    var deleted: [Change] = []
    var changed: [Change] = []
    for object in list {
      let before = old.removeValue(forKey: object.metadata.name)
      objects[object.metadata.name] = object
      if let before, before.metadata.uid != object.metadata.uid {
        deleted.append(.deleted(before, before: before))
        changed.append(.changed(object, before: nil))
      } else if before != object {
        changed.append(.changed(object, before: before))
      }
    }
    return old.values.map { .deleted($0, before: $0) } + deleted + changed
  }

  mutating func change(_ object: Object) -> [Change] {
    let before = objects.updateValue(object, forKey: object.metadata.name)
    guard let before else { return [.changed(object, before: nil)] }
    if before.metadata.uid != object.metadata.uid {
      return [.deleted(before, before: before), .changed(object, before: nil)]
    }
    return before == object ? [] : [.changed(object, before: before)]
  }

  /// The object as the server last saw it, which may be newer than what was stored.
  mutating func delete(_ object: Object) -> [Change] {
    guard let before = objects[object.metadata.name] else { return [] }
    // A late word about an object that has already been created again is none about the new one.
    guard before.metadata.uid == object.metadata.uid else { return [] }
    objects[object.metadata.name] = nil
    return [.deleted(object, before: before)]
  }
}
