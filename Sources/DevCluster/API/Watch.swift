/// One open watch.
struct Watch: Sendable {
  var type: ResourceType
  var namespace: String?
  var labels: LabelSelector
  var fields: FieldSelector
  var presentation: Presentation
  var wantsBookmarks: Bool
  /// Changes up to this resource version are not shown.
  var from: Int64
  /// A table's first event carries its columns.
  var sentColumns = false
  /// When it ends, with a bookmark just before.
  var end: Timestamp

  var index: WatchIndex { WatchIndex(type: type, name: fields.name) }

  func shows(_ object: JSON) -> Bool {
    (namespace == nil || object.namespace == namespace) && (labels.isEmpty || labels.matches(object.labels))
      && (fields.isEmpty || fields.matches(object))
  }
}

/// By what open watches are found: their type, and the only name that they can show where they have one.
struct WatchIndex: Hashable, Sendable {
  var type: ResourceType
  var name: String?
}

/// What a watch yields: lines, or its end.
struct WatchOutput: Sendable {
  var watch: Int
  /// One or more whole lines; `nil` ends the stream.
  var lines: [UInt8]?
}

extension ClusterState {
  /// Opens a watch; its first lines are in `outbox` when this returns. Throws where no stream is to begin at all.
  mutating func openWatch(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> Int {
    let version = request.query["resourceVersion"] ?? ""
    let initial = request.query["sendInitialEvents"]
    if initial != nil, request.query["resourceVersionMatch"] != "NotOlderThan" {
      let rule = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
      throw APIStatus(
        code: 422, reason: "Invalid", message: "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: \(rule)")
    }
    var start = Int64(0)
    if !version.isEmpty {
      guard let number = Int64(version), number >= 0 else { throw .malformedResourceVersion(version) }
      start = number
    }
    let replaysAll = initial.map { ["1", "true"].contains($0) } ?? (start == 0)
    let lifetime = request.query["timeoutSeconds"].flatMap(Int.init).map { Duration.seconds($0) }
    var watch = Watch(
      type: path.type, namespace: path.namespace, labels: LabelSelector(), fields: FieldSelector(),
      presentation: try Presentation(accept: request.accept),
      wantsBookmarks: request.flag("allowWatchBookmarks"), from: start,
      end: now + (lifetime ?? .seconds(1800 + Int(random.next() % 1800))))
    if let query = request.query["labelSelector"] { watch.labels = try LabelSelector(query: query) }
    if let query = request.query["fieldSelector"] {
      watch.fields = try FieldSelector(query: query, type: path.type)
    }
    if let name = path.name { watch.fields = FieldSelector(name: name) }
    let id = nextWatch
    nextWatch += 1
    watchOrder[watch.index, default: []].append(id)
    if replaysAll {
      watch.from = max(start, store.resourceVersion)
      let objects = store.objects(path.type, namespace: path.namespace).filter(watch.shows)
      watches[id] = watch
      for object in objects { send(.added, object, to: id) }
      if watch.wantsBookmarks { sendBookmark(id, endsInitialEvents: true) }
    } else if start > store.resourceVersion {
      watches[id] = watch
    } else if let missed = store.changes(path.type, after: start) {
      watch.from = start
      watches[id] = watch
      for change in missed { offer(change, to: id) }
    } else {
      watches[id] = watch
      let oldest = store.oldestResourceVersion(path.type)
      fail(id, .expired("too old resource version: \(start) (\(oldest))"))
      return id
    }
    timers.schedule(.endWatch(id), at: watch.end)
    if watch.wantsBookmarks { timers.schedule(.bookmark(watch: id), at: nextBookmark(of: watch)) }
    return id
  }

  /// Shows a change to a watch, as far as it concerns it.
  mutating func offer(_ change: Change, to id: Int) {
    var lines: [Change.Kind: [UInt8]] = [:]
    offer(change, to: id, sharing: &lines)
  }

  /// Shows a change to every watch of its type, encoding it once.
  mutating func offerToAll(_ change: Change) {
    var lines: [Change.Kind: [UInt8]] = [:]
    for name in [nil, change.object.name] {
      for id in watchOrder[WatchIndex(type: change.type, name: name)] ?? [] {
        offer(change, to: id, sharing: &lines)
      }
    }
  }

  private mutating func offer(_ change: Change, to id: Int, sharing lines: inout [Change.Kind: [UInt8]]) {
    guard let watch = watches[id], watch.type == change.type, change.resourceVersion > watch.from else { return }
    watches[id]?.from = change.resourceVersion
    let isShown = change.kind != .deleted && watch.shows(change.object)
    let wasShown = change.previous.map(watch.shows) ?? false
    let kind: Change.Kind
    var object = change.object
    switch (wasShown, isShown) {
    case (false, true): kind = .added
    case (true, true): kind = .modified
    case (true, false):
      kind = .deleted
      object = change.previous ?? object
      object["metadata"]["resourceVersion"] = .string(String(change.resourceVersion))
    case (false, false): return
    }
    guard watch.presentation == .object else { return send(kind, object, to: id) }
    if let line = lines[kind] { return outbox.append(WatchOutput(watch: id, lines: line)) }
    send(kind, object, to: id)
    lines[kind] = outbox.last?.lines
  }

  /// Ends a watch as its time is up: no event, the stream just ends.
  mutating func endWatch(_ id: Int) {
    guard let watch = watches.removeValue(forKey: id) else { return }
    watchOrder[watch.index]?.removeAll { $0 == id }
    if watchOrder[watch.index]?.isEmpty == true { watchOrder[watch.index] = nil }
    timers.cancel(.bookmark(watch: id))
    timers.cancel(.endWatch(id))
    outbox.append(WatchOutput(watch: id, lines: nil))
  }

  /// Ends a watch with an error event.
  mutating func fail(_ id: Int, _ status: APIStatus) {
    let line: JSON = ["type": "ERROR", "object": status.body]
    outbox.append(WatchOutput(watch: id, lines: line.encoded + [0x0A]))
    endWatch(id)
  }

  mutating func sendBookmark(_ id: Int) {
    guard let watch = watches[id] else { return }
    sendBookmark(id, endsInitialEvents: false)
    if nextBookmark(of: watch) < watch.end { timers.schedule(.bookmark(watch: id), at: nextBookmark(of: watch)) }
  }

  /// A minute from now, or two seconds before the end of a watch that ends sooner.
  private func nextBookmark(of watch: Watch) -> Timestamp {
    let regular = now + timing.bookmark
    let last = watch.end + .seconds(-2)
    return regular > last && last > now ? last : regular
  }

  private mutating func sendBookmark(_ id: Int, endsInitialEvents: Bool) {
    guard let watch = watches[id] else { return }
    var stub = watch.type.stub
    stub["metadata"]["resourceVersion"] = .string(String(max(store.resourceVersion, 0)))
    if endsInitialEvents { stub["metadata"]["annotations"] = ["k8s.io/initial-events-end": "true"] }
    let line: JSON = ["type": "BOOKMARK", "object": present(stub, to: id, asBookmark: true)]
    outbox.append(WatchOutput(watch: id, lines: line.encoded + [0x0A]))
  }

  private mutating func send(_ kind: Change.Kind, _ object: JSON, to id: Int) {
    let line: JSON = ["type": .string(kind.rawValue), "object": present(object, to: id)]
    outbox.append(WatchOutput(watch: id, lines: line.encoded + [0x0A]))
  }

  private mutating func present(_ object: JSON, to id: Int, asBookmark: Bool = false) -> JSON {
    guard let watch = watches[id] else { return object }
    switch watch.presentation {
    case .object: return object
    case .metadata: return object.partialMetadata
    case .table:
      let isFirst = !watch.sentColumns
      watches[id]?.sentColumns = true
      var table = Tables.table(
        of: asBookmark ? [] : [object], watch.type, at: now, resourceVersion: object.resourceVersion,
        withColumns: isFirst)
      if asBookmark {
        table["rows"] = [["cells": .array([]), "object": object.partialMetadata]]
      }
      return table
    }
  }
}

extension ResourceType {
  /// The object of a bookmark: an empty one of this type, as Go's zero value is written.
  var stub: JSON {
    var object: JSON = ["kind": .string(kind), "apiVersion": .string(apiVersion), "metadata": .object([:])]
    let emptyTemplate: JSON = .object(["metadata": .object([:]), "spec": .object(["containers": .null])])
    switch self {
    case .deployments:
      object.members["spec"] = .object([
        "replicas": 0, "selector": .null, "template": emptyTemplate, "strategy": .object([:]),
      ])
      object.members["status"] = .object([:])
    case .replicaSets:
      object.members["spec"] = .object(["replicas": 0, "selector": .null, "template": emptyTemplate])
      object.members["status"] = ["replicas": 0]
    case .pods:
      object.members["spec"] = .object(["containers": .null])
      object.members["status"] = .object([:])
    case .events:
      for field in ["involvedObject", "source"] { object.members[field] = .object([:]) }
      for field in ["firstTimestamp", "lastTimestamp", "eventTime"] { object.members[field] = .null }
      for field in ["reportingComponent", "reportingInstance"] { object.members[field] = "" }
    case .namespaces, .nodes, .resourceQuotas, .services, .autoscalers:
      object.members["spec"] = .object([:])
      object.members["status"] = .object([:])
    default: break
    }
    return object
  }
}

extension JSON {
  /// Only the metadata of an object.
  var partialMetadata: JSON {
    ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": self["metadata"]]
  }
}

extension APIStatus {
  static func malformedResourceVersion(_ text: String) -> APIStatus {
    APIStatus(
      code: 500,
      message: "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
  }
}
