@testable import DevCluster

/// What a run of events comes down to, in lines that a real and a simulated cluster can be compared by.
///
/// Left out on purpose: names' random parts, times, resource versions, `terminatingReplicas` (whether a pod is seen
/// terminating depends on how the ReplicaSet controller and the kubelet happen to interleave), bookmarks.
struct Story {
  /// The Deployment, event by event.
  var deployment: [String]
  /// Each ReplicaSet, in the order of their creation.
  var sets: [[String]]
  /// Each pod, in the order of their creation.
  var pods: [[String]]
  /// The events of one reporter about one object, each list in order; the lists themselves have none, because each
  /// reporter writes in its own time.
  var events: [[String]]

  init(_ all: [RecordedCase.Event]) {
    let events = all.filter { $0.type != "BOOKMARK" }
    deployment = Self.collapsed(events.filter { $0.kind == "deployments" }.map(Self.deploymentLine))
    sets = Self.grouped(events.filter { $0.kind == "replicasets" }, Self.setLine)
    pods = Self.grouped(events.filter { $0.kind == "pods" }, Self.podLine)
    var lists: [String: [String]] = [:]
    for event in events where event.kind == "events" {
      let object = event.object
      let reporter = object["source"]["component"].string ?? ""
      lists["\(object["involvedObject"]["uid"].string ?? "") \(reporter)", default: []].append(
        Self.eventLine(object))
    }
    self.events = lists.values.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Neighbours that are alike become one.
  static func collapsed(_ lines: [String]) -> [String] {
    lines.reduce(into: []) { result, line in if result.last != line { result.append(line) } }
  }

  private static func grouped(
    _ events: [RecordedCase.Event], _ line: (RecordedCase.Event) -> String
  ) -> [[String]] {
    var order: [String] = []
    var groups: [String: [String]] = [:]
    var firstRevisions: [String: Int] = [:]
    for event in events {
      if groups[event.object.uid] == nil {
        order.append(event.object.uid)
        if event.object.observedGeneration > 0 { firstRevisions[event.object.uid] = event.object.revision }
      }
      groups[event.object.uid, default: []].append(line(event))
    }
    // What was there from the beginning comes in the order of names, which the hashes in them make arbitrary.
    order.sort { (firstRevisions[$0] ?? Int.max) < (firstRevisions[$1] ?? Int.max) }
    return order.map { collapsed(groups[$0] ?? []) }
  }

  private static func counts(_ status: JSON, _ names: [(String, String)]) -> String {
    names.compactMap { name, short in status[name].int.map { "\(short)\($0)" } }.joined(separator: " ")
  }

  private static func conditions(_ object: JSON) -> String {
    object["status"]["conditions"].elements
      .map { "\($0["type"].string ?? "")=\($0["status"].string ?? "")/\($0["reason"].string ?? "")" }
      .sorted().joined(separator: ",")
  }

  private static func prefix(_ event: RecordedCase.Event) -> String {
    let object = event.object
    let deletion =
      object.isBeingDeleted
      ? " deleting(\(object["metadata"]["deletionGracePeriodSeconds"].int ?? -1) \(object.finalizers))" : ""
    return "\(event.type) g\(object.generation)\(deletion)"
  }

  private static func deploymentLine(_ event: RecordedCase.Event) -> String {
    let object = event.object
    let images = object["spec"]["template"]["spec"]["containers"].elements.compactMap {
      $0["image"].string?.split(separator: ":").last
    }
    let status = counts(
      object["status"],
      [
        ("observedGeneration", "og"), ("replicas", "R"), ("updatedReplicas", "U"), ("readyReplicas", "r"),
        ("availableReplicas", "A"), ("unavailableReplicas", "un"),
      ])
    let paused = object["spec"]["paused"].bool == true ? " paused" : ""
    return "\(prefix(event)) spec\(object["spec"]["replicas"].int ?? -1)\(paused) \(images.joined(separator: "+"))"
      + " rev\(object.revision) \(status) \(conditions(object))"
  }

  private static func setLine(_ event: RecordedCase.Event) -> String {
    let object = event.object
    let status = counts(
      object["status"],
      [
        ("observedGeneration", "og"), ("replicas", "R"), ("fullyLabeledReplicas", "L"), ("readyReplicas", "r"),
        ("availableReplicas", "A"),
      ])
    let owner = object.ownerReferences.isEmpty ? " orphan" : ""
    return "\(prefix(event)) spec\(object["spec"]["replicas"].int ?? -1) rev\(object.revision) \(status)\(owner) "
      + conditions(object)
  }

  private static func podLine(_ event: RecordedCase.Event) -> String {
    let object = event.object
    let statuses = object["status"]["containerStatuses"].elements.map { status -> String in
      let state = status["state"].members.first
      let reason = state?.value["reason"].string ?? ""
      let code = state?.value["exitCode"].int.map { "(\($0))" } ?? ""
      return "\(state?.key ?? "") \(reason)\(code) x\(status["restartCount"].int ?? -1)"
        + (status["ready"].bool == true ? " ready" : "")
    }
    // The recording's simulator left a reason on conditions that are true; a kubelet does not.
    let conditions = object["status"]["conditions"].elements.map { condition -> String in
      let isTrue = condition["status"].string == "True"
      return "\(condition["type"].string ?? "")=\(isTrue ? "True" : condition["reason"].string ?? "")"
    }
    let node = object["spec"]["nodeName"].isNull ? " unbound" : ""
    return "\(prefix(event)) \(object["status"]["phase"].string ?? "")\(node) \(statuses.joined(separator: ",")) "
      + conditions.sorted().joined(separator: ",")
  }

  private static func eventLine(_ event: JSON) -> String {
    let source = event["source"]["component"].string ?? event["reportingComponent"].string ?? ""
    var message = event["message"].string ?? ""
    // Random and hashed parts of names, and uids.
    message = message.replacing(/hello-[a-z0-9]{6,10}(-[a-z0-9]{5})?/, with: "NAME")
    message = message.replacing(/[0-9a-f]{8}-[0-9a-f-]{27}/, with: "UID")
    message = message.replacing(/tr-[a-z0-9]+|tr\b/, with: "NS")
    message = message.replacing(/sim-node-[0-9]/, with: "NODE")
    message = message.replacing(/in [0-9]+ms \([0-9]+ms/, with: "in N (N")
    let count = event["count"].int.map { " x\($0)" } ?? ""
    return "\(event["type"].string ?? "") \(event["reason"].string ?? "")\(count) [\(source)] \(message)"
  }
}
