/// Who reports an event.
enum EventSource: Hashable, Sendable {
  case deployment, replicaSet, scheduler
  case kubelet(node: String)

  var component: String {
    switch self {
    case .deployment: "deployment-controller"
    case .replicaSet: "replicaset-controller"
    case .scheduler: "default-scheduler"
    case .kubelet: "kubelet"
    }
  }
}

/// What reporters remember of their events, so that a repeated one counts up and many alike are written as one.
struct EventCorrelator: Sendable {
  struct Kind: Hashable, Sendable {
    var source: EventSource
    var uid: String
    var fieldPath: String?
    var type: String
    var reason: String
  }

  struct Exact: Hashable, Sendable {
    var kind: Kind
    var message: String
  }

  /// Messages seen of one kind, until when they count together.
  var messages: [Kind: (messages: Set<String>, last: Timestamp)] = [:]
  /// The event object that a message is counted in.
  var objects: [Exact: ObjectKey] = [:]
  var sequence: UInt64 = 0

  /// Messages of a kind beyond which they are written as one.
  static let combinedFrom = 10
}

/// Events: what controllers, the scheduler and kubelets say about objects.
extension ClusterState {
  /// Records an event about an object. Repeats count up; from the tenth different message of one kind on within ten
  /// minutes they are combined, as client-go's recorder does.
  mutating func record(
    _ source: EventSource, _ object: JSON, _ type: String, _ reason: String, _ message: String,
    fieldPath: String? = nil
  ) {
    if source == .scheduler { return recordScheduling(object, type, reason, message) }
    let kind = EventCorrelator.Kind(
      source: source, uid: object.uid, fieldPath: fieldPath, type: type, reason: reason)
    var seen = events.messages[kind] ?? ([], now)
    if now.since(seen.last) > .seconds(600) { seen.messages = [] }
    seen.messages.insert(message)
    seen.last = now
    events.messages[kind] = seen
    let isCombined = seen.messages.count >= EventCorrelator.combinedFrom
    let text = isCombined ? "(combined from similar events): \(message)" : message
    let exact = EventCorrelator.Exact(kind: kind, message: isCombined ? "" : message)
    if let key = events.objects[exact], var event = store.object(.events, key) {
      event["count"] = JSON((event["count"].int ?? 1) + 1)
      event["lastTimestamp"] = .string(now.seconds)
      event["message"] = .string(text)
      store.put(.events, event)
      return
    }
    var host: String?
    if case .kubelet(let node) = source { host = node }
    var event = newEvent(about: object, type, reason, text, fieldPath: fieldPath)
    event["source"] = ["component": .string(source.component)]
    if let host { event["source"]["host"] = .string(host) }
    event["firstTimestamp"] = .string(now.seconds)
    event["lastTimestamp"] = .string(now.seconds)
    event["count"] = 1
    event.members["eventTime"] = .null
    event.members["reportingComponent"] = .string(isCombined ? "" : source.component)
    event.members["reportingInstance"] = .string(isCombined ? "" : host ?? "")
    events.objects[exact] = event.key
    putEvent(event)
  }

  /// The scheduler reports by the newer events API: `eventTime`, no counts.
  private mutating func recordScheduling(_ object: JSON, _ type: String, _ reason: String, _ message: String) {
    var event = newEvent(about: object, type, reason, message, fieldPath: nil)
    event.members["source"] = .object([:])
    event.members["firstTimestamp"] = .null
    event.members["lastTimestamp"] = .null
    event["eventTime"] = .string(now.micro)
    event["action"] = .string(type == "Normal" ? "Binding" : "Scheduling")
    event["reportingComponent"] = .string(EventSource.scheduler.component)
    event["reportingInstance"] = "default-scheduler-sim"
    putEvent(event)
  }

  private mutating func newEvent(
    about object: JSON, _ type: String, _ reason: String, _ message: String, fieldPath: String?
  ) -> JSON {
    events.sequence += 1
    let suffix = String(UInt64(bitPattern: now.microseconds) * 1000 + events.sequence % 1000, radix: 16)
    var involved: JSON = [
      "kind": object["kind"], "name": .string(object.name), "uid": .string(object.uid),
      "apiVersion": object["apiVersion"], "resourceVersion": .string(object.resourceVersion),
    ]
    if !object.namespace.isEmpty { involved["namespace"] = .string(object.namespace) }
    if let fieldPath { involved["fieldPath"] = .string(fieldPath) }
    return [
      "kind": "Event", "apiVersion": "v1",
      "metadata": [
        "name": .string("\(object.name).\(suffix)"),
        "namespace": .string(object.namespace.isEmpty ? "default" : object.namespace),
        "uid": .string(random.uid()), "creationTimestamp": .string(now.seconds),
      ],
      "involvedObject": involved, "reason": .string(reason), "message": .string(message), "type": .string(type),
    ]
  }

  /// Events may not be created in a namespace that is going; their writers do not mind.
  private mutating func putEvent(_ event: JSON) {
    guard let namespace = store.object(.namespaces, ObjectKey(namespace: "", name: event.namespace)),
      !namespace.isBeingDeleted
    else { return }
    store.put(.events, event)
  }

  /// Drops events past their lifetime, and what is remembered of them.
  mutating func forgetOldEvents() {
    for event in store.objects(.events) {
      let last = event["lastTimestamp"].string ?? event["metadata"]["creationTimestamp"].string ?? ""
      if let last = Timestamp(last), now.since(last) > timing.eventLifetime { store.remove(.events, event.key) }
    }
    events.objects = events.objects.filter { store.object(.events, $0.value) != nil }
    events.messages = events.messages.filter { now.since($0.value.last) <= .seconds(600) }
    timers.schedule(.forgetEvents, at: now + .seconds(60))
  }
}
