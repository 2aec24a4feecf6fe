/// Lists as tables, which is how `kubectl get` wants them.
enum Tables {
  /// A column: its name, its type, and whether it is shown only on `-o wide`.
  private struct Column {
    var name: String
    var type = "string"
    var isWide = false
  }

  static func table(
    of objects: [JSON], _ type: ResourceType, at now: Timestamp, resourceVersion: String, withColumns: Bool
  ) -> JSON {
    var table: JSON = [
      "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": ["resourceVersion": .string(resourceVersion)],
    ]
    table.members["columnDefinitions"] =
      withColumns
      ? .array(
        columns(type).map { column in
          [
            "name": .string(column.name), "type": .string(column.type),
            "format": .string(column.name == "Name" ? "name" : ""), "description": .string(column.name),
            "priority": column.isWide ? 1 : 0,
          ]
        }) : .null
    table["rows"] = .array(
      objects.map { ["cells": .array(cells($0, type, now)), "object": $0.partialMetadata] })
    return table
  }

  private static func columns(_ type: ResourceType) -> [Column] {
    func plain(_ names: String...) -> [Column] { names.map { Column(name: $0) } }
    func wide(_ names: String...) -> [Column] { names.map { Column(name: $0, isWide: true) } }
    func numbers(_ names: String...) -> [Column] { names.map { Column(name: $0, type: "integer") } }
    switch type {
    case .deployments:
      return plain("Name", "Ready", "Up-to-date", "Available", "Age") + wide("Containers", "Images", "Selector")
    case .replicaSets:
      return plain("Name") + numbers("Desired", "Current", "Ready") + plain("Age")
        + wide("Containers", "Images", "Selector")
    case .pods:
      return plain("Name", "Ready", "Status", "Restarts", "Age")
        + wide("IP", "Node", "Nominated Node", "Readiness Gates")
    case .events:
      return plain("Last Seen", "Type", "Reason", "Object") + wide("Subobject", "Source") + plain("Message")
        + wide("First Seen", "Count", "Name")
    case .namespaces: return plain("Name", "Status", "Age")
    case .nodes: return plain("Name", "Status", "Roles", "Age", "Version")
    case .resourceQuotas: return plain("Name", "Request", "Limit", "Age")
    case .configMaps: return plain("Name", "Data", "Age")
    case .secrets: return plain("Name", "Type", "Data", "Age")
    case .serviceAccounts: return plain("Name", "Age")
    case .services: return plain("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age")
    default: return plain("Name", "Age")
    }
  }

  private static func cells(_ object: JSON, _ type: ResourceType, _ now: Timestamp) -> [JSON] {
    let name: JSON = .string(object.name)
    let age: JSON = .string(Self.age(object["metadata"]["creationTimestamp"], now))
    switch type {
    case .deployments:
      let ready = "\(object.readyReplicas)/\(object.desiredReplicas)"
      return [name, .string(ready), JSON(object.updatedReplicas), JSON(object.availableReplicas), age]
        + template(object)
    case .replicaSets:
      return [name, JSON(object.desiredReplicas), JSON(object.statusReplicas), JSON(object.readyReplicas), age]
        + template(object)
    case .pods: return pod(object, now)
    case .events: return event(object, now)
    case .namespaces: return [name, object["status"]["phase"], age]
    case .nodes:
      return [name, "Ready", "<none>", age, object["status"]["nodeInfo"]["kubeletVersion"]]
    case .resourceQuotas:
      let used = object["status"]["used"].members
      let text = used.sorted { $0.key < $1.key }.map { name, value in
        "\(name): \(value.goDescription)/\(object["status"]["hard"][name].goDescription)"
      }
      return [name, .string(text.joined(separator: ", ")), "", age]
    case .configMaps: return [name, JSON(object["data"].members.count), age]
    case .secrets: return [name, object["type"], JSON(object["data"].members.count), age]
    case .services:
      let ports = object["spec"]["ports"].elements.map {
        "\($0["port"].goDescription)/\($0["protocol"].string ?? "TCP")"
      }
      return [
        name, .string(object["spec"]["type"].string ?? "ClusterIP"),
        .string(object["spec"]["clusterIP"].string ?? "<none>"), "<none>",
        .string(ports.joined(separator: ",")), age,
      ]
    default: return [name, age]
    }
  }

  private static func template(_ object: JSON) -> [JSON] {
    let containers = object["spec"]["template"]["spec"]["containers"].elements
    let names = containers.compactMap { $0["name"].string }
    let images = containers.compactMap { $0["image"].string }
    let selector = object["spec"]["selector"]["matchLabels"].strings.map { "\($0.key)=\($0.value)" }.sorted()
    return [names, images, selector].map { .string($0.joined(separator: ",")) }
  }

  private static func pod(_ pod: JSON, _ now: Timestamp) -> [JSON] {
    let statuses = pod["status"]["containerStatuses"].elements
    let initStatuses = pod["status"]["initContainerStatuses"].elements
    let total = pod["spec"]["containers"].elements.count
    let ready = statuses.count { $0["ready"].bool == true }
    var reason = pod["status"]["reason"].string ?? pod["status"]["phase"].string ?? "Unknown"
    var restarts = 0
    var lastRestart: Timestamp?
    for status in statuses + initStatuses {
      restarts += status["restartCount"].int ?? 0
      if let end = Timestamp(status["lastState"]["terminated"]["finishedAt"].string ?? "") {
        lastRestart = max(lastRestart ?? end, end)
      }
    }
    let failing = initStatuses.enumerated().first { _, status in
      let ended = status["state"]["terminated"]
      return ended.isNull ? status["ready"].bool != true : ended["exitCode"].int != 0
    }
    if let (index, status) = failing {
      let state = status["state"]
      if let ended = state["terminated"]["reason"].string {
        reason = "Init:\(ended)"
      } else if let waiting = state["waiting"]["reason"].string, waiting != "PodInitializing" {
        reason = "Init:\(waiting)"
      } else {
        reason = "Init:\(index)/\(pod.initCount)"
      }
    } else {
      for status in statuses.reversed() {
        let state = status["state"]
        if let waiting = state["waiting"]["reason"].string { reason = waiting }
        if let ended = state["terminated"]["reason"].string { reason = ended }
      }
    }
    if pod.isBeingDeleted { reason = "Terminating" }
    var restartText = String(restarts)
    if restarts > 0, let lastRestart { restartText += " (\(span(now.since(lastRestart))) ago)" }
    return [
      .string(pod.name), .string("\(ready)/\(total)"), .string(reason), .string(restartText),
      .string(age(pod["metadata"]["creationTimestamp"], now)),
      .string(pod["status"]["podIP"].string ?? "<none>"), .string(pod["spec"]["nodeName"].string ?? "<none>"),
      "<none>", "<none>",
    ]
  }

  private static func event(_ event: JSON, _ now: Timestamp) -> [JSON] {
    let involved = event["involvedObject"]
    let object = "\((involved["kind"].string ?? "").lowercased())/\(involved["name"].string ?? "")"
    let last = event["lastTimestamp"].isNull ? event["eventTime"] : event["lastTimestamp"]
    let first = event["firstTimestamp"].isNull ? event["eventTime"] : event["firstTimestamp"]
    let count = event["count"].int ?? 1
    let source = [
      event["source"]["component"].string ?? event["reportingComponent"].string, event["source"]["host"].string,
    ]
    return [
      .string(age(last, now)), event["type"], event["reason"], .string(object),
      .string(involved["fieldPath"].string ?? ""), .string(source.compactMap { $0 }.joined(separator: ", ")),
      event["message"], .string(age(first, now)), JSON(count), .string(event.name),
    ]
  }

  private static func age(_ moment: JSON, _ now: Timestamp) -> String {
    guard let moment = Timestamp(moment.string ?? "") else { return "<unknown>" }
    return span(now.since(moment))
  }

  /// A span in short, with a second unit only where the first is small: `12s`, `3m20s`, `25h`, `3d4h`.
  static func span(_ span: Duration) -> String {
    let seconds = max(0, span.components.seconds)
    if seconds < 120 { return "\(seconds)s" }
    let minutes = seconds / 60
    if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
    if minutes < 180 { return "\(minutes)m" }
    let hours = minutes / 60
    if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
    if hours < 48 { return "\(hours)h" }
    if hours < 192 { return hours % 24 == 0 ? "\(hours / 24)d" : "\(hours / 24)d\(hours % 24)h" }
    return "\(hours / 24)d"
  }
}
