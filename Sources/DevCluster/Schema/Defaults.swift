/// What an API server fills in where an object leaves it open.
enum Defaults {
  static func apply(to object: inout JSON, _ type: ResourceType) {
    switch type {
    case .deployments:
      fill(&object["spec"], "replicas", 1)
      fill(&object["spec"], "revisionHistoryLimit", 10)
      fill(&object["spec"], "progressDeadlineSeconds", 600)
      fill(&object["spec"]["strategy"], "type", "RollingUpdate")
      if object["spec"]["strategy"]["type"].string == "RollingUpdate" {
        fill(&object["spec"]["strategy"]["rollingUpdate"], "maxUnavailable", "25%")
        fill(&object["spec"]["strategy"]["rollingUpdate"], "maxSurge", "25%")
      }
      template(&object["spec"]["template"])
    case .replicaSets:
      fill(&object["spec"], "replicas", 1)
      template(&object["spec"]["template"])
    case .pods: podSpec(&object["spec"])
    case .secrets: fill(&object, "type", "Opaque")
    default: break
    }
    for (field, value) in object["metadata"].members where value == .object([:]) || value == .array([]) {
      object["metadata"][field] = .null
    }
  }

  private static func template(_ template: inout JSON) {
    template["metadata"]["creationTimestamp"] = .null
    if template["metadata"].isNull || template["metadata"].members.isEmpty {
      template.members["metadata"] = .object([:])
    }
    podSpec(&template["spec"])
  }

  private static func podSpec(_ spec: inout JSON) {
    fill(&spec, "restartPolicy", "Always")
    fill(&spec, "terminationGracePeriodSeconds", 30)
    fill(&spec, "dnsPolicy", "ClusterFirst")
    fill(&spec, "securityContext", .object([:]))
    fill(&spec, "schedulerName", "default-scheduler")
    if !spec["serviceAccountName"].isNull { spec["serviceAccount"] = spec["serviceAccountName"] }
    for list in ["initContainers", "containers"] {
      for index in spec[list].elements.indices { container(&spec[list][index]) }
    }
  }

  private static func container(_ container: inout JSON) {
    fill(&container, "resources", .object([:]))
    fill(&container, "terminationMessagePath", "/dev/termination-log")
    fill(&container, "terminationMessagePolicy", "File")
    let image = container["image"].string ?? ""
    let tag = image.split(separator: "/").last?.split(separator: ":").dropFirst().last
    let isMoving = !image.contains("@") && (tag == nil || tag == "latest")
    fill(&container, "imagePullPolicy", isMoving ? "Always" : "IfNotPresent")
    for index in container["ports"].elements.indices { fill(&container["ports"][index], "protocol", "TCP") }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] where !container[name].isNull {
      fill(&container[name], "timeoutSeconds", 1)
      fill(&container[name], "periodSeconds", 10)
      fill(&container[name], "successThreshold", 1)
      fill(&container[name], "failureThreshold", 3)
      if !container[name]["httpGet"].isNull {
        fill(&container[name]["httpGet"], "path", "/")
        fill(&container[name]["httpGet"], "scheme", "HTTP")
      }
    }
  }

  private static func fill(_ object: inout JSON, _ field: String, _ value: JSON) {
    if object[field].isNull { object.members[field] = value }
  }
}
