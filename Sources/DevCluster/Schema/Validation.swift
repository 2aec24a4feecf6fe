/// Rules of objects whose breaking an API server refuses: those that a client of workloads is likely to meet.
enum Validation {
  static func problems(of object: JSON, _ type: ResourceType) -> [FieldProblem] {
    var problems = metadata(object, type)
    switch type {
    case .deployments: problems += workload(object) + strategy(object["spec"])
    case .replicaSets: problems += workload(object)
    case .pods: problems += podSpec(object["spec"], "spec")
    default: break
    }
    return problems
  }

  /// Rules of what may not change.
  static func problems(changing old: JSON, to new: JSON, _ type: ResourceType) -> [FieldProblem] {
    switch type {
    case .deployments, .replicaSets:
      if old["spec"]["selector"] != new["spec"]["selector"] {
        return [.invalid("spec.selector", new["spec"]["selector"], "field is immutable")]
      }
    case .pods:
      var frozen = new["spec"]
      for list in ["containers", "initContainers"] {
        for index in frozen[list].elements.indices {
          frozen[list][index]["image"] = old["spec"][list][index]["image"]
        }
      }
      for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
        frozen[field] = old["spec"][field]
      }
      if frozen != old["spec"] {
        let rule =
          "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, "
          + "`spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations)"
        return [FieldProblem(reason: "FieldValueForbidden", field: "spec", message: "Forbidden: \(rule)")]
      }
    default: break
    }
    return []
  }

  private static func metadata(_ object: JSON, _ type: ResourceType) -> [FieldProblem] {
    let name = object.name
    if name.isEmpty { return [.required("metadata.name", "name or generateName is required")] }
    let isLabel = type == .namespaces || type == .services
    let allowed = name.utf8.allSatisfy {
      ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || ($0 == 0x2E && !isLabel)
    }
    let ends = [name.first, name.last].allSatisfy { $0.map { $0.isLetter || $0.isNumber } ?? false }
    if allowed, ends, name.utf8.count <= (isLabel ? 63 : 253) { return [] }
    let rule =
      isLabel
      ? "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        + "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
      : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    return [.invalid("metadata.name", .string(name), rule)]
  }

  private static func workload(_ object: JSON) -> [FieldProblem] {
    let spec = object["spec"]
    var problems: [FieldProblem] = []
    for field in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
      if let count = spec[field].int, count < 0 {
        problems.append(.invalid("spec.\(field)", spec[field], "must be greater than or equal to 0"))
      }
    }
    let labels = spec["template"]["metadata"]["labels"]
    if spec["selector"].members.isEmpty {
      problems.append(.required("spec.selector"))
    } else if !LabelSelector(object: spec["selector"]).matches(labels.strings) {
      let field = "spec.template.metadata.labels"
      problems.append(
        .invalid(field, .object(labels.members), "`selector` does not match template `labels`"))
    }
    if let deadline = spec["progressDeadlineSeconds"].int, deadline >= 0,
      deadline <= spec["minReadySeconds"].int ?? 0
    {
      problems.append(
        .invalid(
          "spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], "must be greater than minReadySeconds"))
    }
    problems += podSpec(spec["template"]["spec"], "spec.template.spec")
    let policy = spec["template"]["spec"]["restartPolicy"].string ?? "Always"
    if policy != "Always" {
      problems.append(.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]))
    }
    return problems
  }

  private static func strategy(_ spec: JSON) -> [FieldProblem] {
    let strategy = spec["strategy"]
    let type = strategy["type"].string ?? "RollingUpdate"
    switch type {
    case "Recreate":
      guard !strategy["rollingUpdate"].isNull else { return [] }
      let text = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
      return [
        FieldProblem(reason: "FieldValueForbidden", field: "spec.strategy.rollingUpdate", message: text)
      ]
    case "RollingUpdate":
      func isZero(_ value: JSON) -> Bool { value.int == 0 || value.string == "0%" }
      let rolling = strategy["rollingUpdate"]
      guard isZero(rolling["maxSurge"]), isZero(rolling["maxUnavailable"]) else { return [] }
      return [
        .invalid(
          "spec.strategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"],
          "may not be 0 when `maxSurge` is 0")
      ]
    default: return [.notSupported("spec.strategy.type", type, ["Recreate", "RollingUpdate"])]
    }
  }

  private static func podSpec(_ spec: JSON, _ path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    var names: Set<String> = []
    if spec["containers"].elements.isEmpty { problems.append(.required("\(path).containers")) }
    for list in ["initContainers", "containers"] {
      for (index, container) in spec[list].elements.enumerated() {
        let place = "\(path).\(list)[\(index)]"
        let name = container["name"].string ?? ""
        if name.isEmpty {
          problems.append(.required("\(place).name"))
        } else if !names.insert(name).inserted {
          problems.append(.duplicate("\(place).name", name))
        }
        if let image = container["image"].string, image != image.filter({ !$0.isWhitespace }) {
          problems.append(
            .invalid("\(place).image", .string(image), "must not have leading or trailing whitespace"))
        } else if (container["image"].string ?? "").isEmpty {
          problems.append(.required("\(place).image"))
        }
        for (number, port) in container["ports"].elements.enumerated() {
          let field = "\(place).ports[\(number)].containerPort"
          guard let value = port["containerPort"].int else {
            problems.append(.required(field))
            continue
          }
          if !(1...65_535).contains(value) {
            problems.append(.invalid(field, JSON(value), "must be between 1 and 65535, inclusive"))
          }
        }
      }
    }
    return problems
  }
}
