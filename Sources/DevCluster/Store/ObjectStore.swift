/// One committed write.
struct Change: Sendable {
  enum Kind: String, Sendable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
  }

  var kind: Kind
  var type: ResourceType
  var resourceVersion: Int64
  /// The object after the write; for a deletion its last state, with the deletion's resource version.
  var object: JSON
  /// The object before the write, `nil` where it was created.
  var previous: JSON?
}

/// The objects of one type, and the newest changes to them.
private struct Table {
  var objects: [ObjectKey: JSON] = [:]
  var history: [Change] = []
  /// Changes up to this resource version are no longer in `history`.
  var forgotten: Int64
}

/// All objects under one counter of resource versions: what etcd and the watch cache are to an API server.
///
/// It knows no rules of any kind of object; it keeps the counter, the bounded history that watches start from, and
/// the index from an owner's uid to what it owns.
struct ObjectStore: Sendable {
  /// The resource version of the newest write.
  private(set) var resourceVersion: Int64
  /// Changes not yet handed to controllers and watches, oldest first.
  var undelivered: [Change] = []

  private var tables: [ResourceType: Table] = [:]
  private var dependents: [String: Set<Reference>] = [:]
  private let historyLimit: Int

  /// An object's place among all objects.
  struct Reference: Hashable, Sendable {
    var type: ResourceType
    var key: ObjectKey
  }

  init(historyLimit: Int, resourceVersion: Int64 = 100) {
    self.historyLimit = historyLimit
    self.resourceVersion = resourceVersion
    for type in ResourceType.all { tables[type] = Table(forgotten: resourceVersion) }
  }

  func object(_ type: ResourceType, _ key: ObjectKey) -> JSON? { tables[type]?.objects[key] }

  /// The objects of a type in the order of their keys, those of one namespace or all.
  func objects(_ type: ResourceType, namespace: String? = nil) -> [JSON] {
    guard let table = tables[type] else { return [] }
    let keys = namespace.map { wanted in table.objects.keys.filter { $0.namespace == wanted } }
    return (keys ?? Array(table.objects.keys)).sorted().compactMap { table.objects[$0] }
  }

  /// What names that uid as an owner, in the order of keys.
  func owned(by uid: String, type: ResourceType? = nil) -> [JSON] {
    (dependents[uid] ?? []).filter { type == nil || $0.type == type }
      .sorted { ($0.type.plural, $0.key) < ($1.type.plural, $1.key) }
      .compactMap { object($0.type, $0.key) }
  }

  /// What names that uid as an owner.
  func references(ownedBy uid: String) -> [Reference] {
    (dependents[uid] ?? []).sorted { ($0.type.plural, $0.key) < ($1.type.plural, $1.key) }
  }

  /// Objects of a type in a namespace that have no owner which controls them.
  func uncontrolled(_ type: ResourceType, namespace: String) -> [JSON] {
    (dependents[""] ?? []).filter { $0.type == type && $0.key.namespace == namespace }
      .sorted { $0.key < $1.key }.compactMap { object($0.type, $0.key) }
  }

  /// Writes an object, new or not, under the next resource version; returns it as written.
  @discardableResult
  mutating func put(_ type: ResourceType, _ object: JSON) -> JSON {
    resourceVersion += 1
    var object = object
    object["metadata"]["resourceVersion"] = .string(String(resourceVersion))
    let key = object.key
    let previous = tables[type]?.objects.updateValue(object, forKey: key)
    if let previous { index(type, previous, present: false) }
    index(type, object, present: true)
    record(
      Change(
        kind: previous == nil ? .added : .modified, type: type, resourceVersion: resourceVersion, object: object,
        previous: previous))
    return object
  }

  /// Removes an object under the next resource version; returns its last state.
  @discardableResult
  mutating func remove(_ type: ResourceType, _ key: ObjectKey) -> JSON? {
    guard let previous = tables[type]?.objects.removeValue(forKey: key) else { return nil }
    index(type, previous, present: false)
    resourceVersion += 1
    var object = previous
    object["metadata"]["resourceVersion"] = .string(String(resourceVersion))
    record(
      Change(
        kind: .deleted, type: type, resourceVersion: resourceVersion, object: object, previous: previous))
    return object
  }

  private mutating func record(_ change: Change) {
    undelivered.append(change)
    guard var table = tables.removeValue(forKey: change.type) else { return }
    table.history.append(change)
    if table.history.count > historyLimit * 2 {
      let surplus = table.history.count - historyLimit
      table.forgotten = table.history[surplus - 1].resourceVersion
      table.history.removeFirst(surplus)
    }
    tables[change.type] = table
  }

  private mutating func index(_ type: ResourceType, _ object: JSON, present: Bool) {
    let reference = Reference(type: type, key: object.key)
    var owners = object.ownerReferences.compactMap { $0["uid"].string }
    if object.controllerUID == nil, type == .pods || type == .replicaSets { owners.append("") }
    for owner in owners {
      if present {
        dependents[owner, default: []].insert(reference)
      } else {
        dependents[owner]?.remove(reference)
        if dependents[owner]?.isEmpty == true { dependents[owner] = nil }
      }
    }
  }
}

/// History: what watches replay and what lists at an older resource version are made from.
extension ObjectStore {
  /// The oldest resource version from which a watch of that type can start.
  func oldestResourceVersion(_ type: ResourceType) -> Int64 { tables[type]?.forgotten ?? resourceVersion }

  /// The changes after a resource version; `nil` where some of them are forgotten.
  func changes(_ type: ResourceType, after version: Int64) -> ArraySlice<Change>? {
    guard let table = tables[type], version >= table.forgotten else { return nil }
    let start = table.history.firstIndex { $0.resourceVersion > version } ?? table.history.endIndex
    return table.history[start...]
  }

  /// The objects as they were at a resource version; `nil` where it is too old to tell.
  func objects(_ type: ResourceType, namespace: String?, at version: Int64) -> [JSON]? {
    if version == resourceVersion { return objects(type, namespace: namespace) }
    guard let later = changes(type, after: version) else { return nil }
    var objects = tables[type]?.objects ?? [:]
    for change in later.reversed() { objects[change.object.key] = change.previous }
    return objects.filter { namespace == nil || $0.key.namespace == namespace }
      .sorted { $0.key < $1.key }.map(\.value)
  }

  /// Forgets all history, as a restarted API server has.
  mutating func forgetHistory() {
    for type in tables.keys {
      tables[type]?.history = []
      tables[type]?.forgotten = resourceVersion
    }
  }
}
