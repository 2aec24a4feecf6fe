/// What the API says about itself: versions, groups, resources, and who is asking.
enum Discovery {
  static let gitVersion = "v1.36.2"

  static let version: JSON = [
    "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35", "gitVersion": .string(gitVersion), "gitCommit": "development-cluster",
    "gitTreeState": "clean", "buildDate": "2026-08-21T00:00:00Z", "goVersion": "none", "compiler": "swift",
    "platform": "linux/amd64",
  ]

  /// Groups that hold no objects here, only reviews.
  private static let reviewGroups = ["authentication.k8s.io": "v1", "authorization.k8s.io": "v1"]

  /// Groups with a stored type, with their versions.
  private static var groups: [(name: String, version: String)] {
    var groups: [(String, String)] = []
    for type in ResourceType.all where !type.group.isEmpty && !groups.contains(where: { $0.0 == type.group }) {
      groups.append((type.group, type.version))
    }
    return groups + reviewGroups.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  static func isKnownGroup(_ group: String) -> Bool { groups.contains { $0.name == group } }

  static func answer(
    _ route: Route, _ request: APIRequest, _ caller: Caller, at now: Timestamp
  ) throws(APIStatus) -> APIResponse {
    switch route {
    case .coreVersions:
      return APIResponse([
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"]],
      ])
    case .groups:
      return APIResponse([
        "kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups.map { groupObject($0.name, $0.version) }),
      ])
    case .group(let name):
      guard let group = groups.first(where: { $0.name == name }) else { throw .pageNotFound }
      var object = groupObject(group.name, group.version)
      object["kind"] = "APIGroup"
      object["apiVersion"] = "v1"
      return APIResponse(object)
    case .resources(let groupVersion): return APIResponse(try resources(groupVersion))
    case .accessReview(let kind):
      guard request.method == "POST" else { throw .methodNotAllowed }
      return APIResponse(try review(kind, request, caller, at: now), status: 201)
    case .openAPIv3: return APIResponse(OpenAPI.root)
    case .openAPIv3Group(let path): return APIResponse(try OpenAPI.document(path))
    case .openAPIv2: throw .notAcceptable
    case .objects, .version, .health: throw .noSuchPath
    }
  }

  private static func groupObject(_ name: String, _ version: String) -> JSON {
    let entry: JSON = ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
    return ["name": .string(name), "versions": [entry], "preferredVersion": entry]
  }

  private static func resources(_ groupVersion: String) throws(APIStatus) -> JSON {
    let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    var resources: [JSON] = []
    func add(_ name: String, _ type: ResourceType, _ verbs: [String], kind: String? = nil) {
      var entry: JSON = [
        "name": .string(name), "namespaced": .bool(type.isNamespaced), "kind": .string(kind ?? type.kind),
        "verbs": .array(verbs.map(JSON.string)),
      ]
      let isWhole = name == type.plural
      entry["singularName"] = .string(isWhole ? type.singular : "")
      if isWhole, !type.shortNames.isEmpty { entry["shortNames"] = .array(type.shortNames.map(JSON.string)) }
      if isWhole, !type.categories.isEmpty { entry["categories"] = .array(type.categories.map(JSON.string)) }
      if kind == "Scale" {
        entry["group"] = "autoscaling"
        entry["version"] = "v1"
      }
      resources.append(entry)
    }
    for type in ResourceType.all where type.apiVersion == groupVersion {
      add(type.plural, type, type == .namespaces ? allVerbs.filter { $0 != "deletecollection" } : allVerbs)
      if type.hasScale { add("\(type.plural)/scale", type, ["get", "patch", "update"], kind: "Scale") }
      if type.hasStatus { add("\(type.plural)/status", type, ["get", "patch", "update"]) }
      if type == .pods { add("pods/log", type, ["get"]) }
    }
    for (group, kind) in [
      ("authentication.k8s.io", "SelfSubjectReview"), ("authorization.k8s.io", "SelfSubjectAccessReview"),
    ] where groupVersion == "\(group)/v1" {
      resources.append([
        "name": .string(kind.lowercased() + "s"), "singularName": .string(kind.lowercased()), "namespaced": false,
        "kind": .string(kind), "verbs": ["create"],
      ])
    }
    guard !resources.isEmpty else { throw .pageNotFound }
    return [
      "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(groupVersion),
      "resources": .array(resources),
    ]
  }

  private static func review(
    _ kind: String, _ request: APIRequest, _ caller: Caller, at now: Timestamp
  ) throws(APIStatus) -> JSON {
    let body = (try? JSON.parse(request.body)) ?? ProtobufBody.decode(request.body) ?? .object([:])
    switch kind {
    case "selfsubjectreviews":
      return [
        "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
        "metadata": ["creationTimestamp": .string(now.seconds)],
        "status": [
          "userInfo": ["username": .string(caller.name), "groups": .array(caller.groups.map(JSON.string))]
        ],
      ]
    case "selfsubjectaccessreviews":
      let attributes = body["spec"]["resourceAttributes"]
      let part = attributes["subresource"].string.map { "/\($0)" } ?? ""
      let isAllowed = caller.may(
        attributes["verb"].string ?? "get", (attributes["resource"].string ?? "") + part)
      var status: JSON = ["allowed": .bool(isAllowed)]
      if isAllowed { status["reason"] = .string("development cluster: \(caller.name) may") }
      return .object([
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": .object([:]),
        "spec": body["spec"], "status": status,
      ])
    default: throw .noSuchPath
    }
  }
}

/// As much of an OpenAPI description as `kubectl` needs to leave the checking of fields to the server.
enum OpenAPI {
  private static var groupVersions: [(path: String, group: String, version: String)] {
    var found: [(String, String, String)] = []
    for type in ResourceType.all {
      let path = type.group.isEmpty ? "api/v1" : "apis/\(type.apiVersion)"
      if !found.contains(where: { $0.0 == path }) { found.append((path, type.group, type.version)) }
    }
    return found
  }

  static var root: JSON {
    var paths: [String: JSON] = [:]
    for entry in groupVersions {
      paths[entry.path] = ["serverRelativeURL": .string("/openapi/v3/\(entry.path)?hash=1")]
    }
    return ["paths": .object(paths)]
  }

  /// The paths of one group's types, each with a `PATCH` that takes `fieldValidation`.
  static func document(_ path: String) throws(APIStatus) -> JSON {
    guard let entry = groupVersions.first(where: { $0.path == path }) else { throw .pageNotFound }
    func parameter(_ name: String) -> JSON {
      ["name": .string(name), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
    }
    var paths: [String: JSON] = [:]
    for type in ResourceType.all where type.group == entry.group && type.version == entry.version {
      let scope = type.isNamespaced ? "namespaces/{namespace}/" : ""
      let kind: JSON = [
        "group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind),
      ]
      paths["/\(path)/\(scope)\(type.plural)/{name}"] = [
        "patch": [
          "operationId": .string("patch\(type.kind)"),
          "parameters": [
            parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation"), parameter("force"),
          ],
          "responses": ["200": ["description": "OK"]],
          "x-kubernetes-action": "patch",
          "x-kubernetes-group-version-kind": kind,
        ]
      ]
    }
    return [
      "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": .string(Discovery.gitVersion)],
      "paths": .object(paths), "components": ["schemas": .object([:])],
    ]
  }
}
