/// What a path names.
enum Route: Sendable {
  /// Objects of a type: all, those of a namespace, one, or a part of one.
  case objects(ObjectPath)
  case coreVersions
  case groups
  case group(String)
  case resources(groupVersion: String)
  case version
  case health
  case openAPIv2
  case openAPIv3
  case openAPIv3Group(String)
  case accessReview(kind: String)

  init(path: String) throws(APIStatus) {
    let parts = path.split(separator: "/").map(String.init)
    switch parts.first {
    case "version" where parts.count == 1: self = .version
    case "healthz", "livez", "readyz": self = .health
    case "openapi" where parts.count == 2 && parts[1] == "v2": self = .openAPIv2
    case "openapi" where parts.count == 2 && parts[1] == "v3": self = .openAPIv3
    case "openapi" where parts.count > 2 && parts[1] == "v3":
      self = .openAPIv3Group(parts[2...].joined(separator: "/"))
    case "api" where parts.count == 1: self = .coreVersions
    case "api" where parts.count == 2 && parts[1] == "v1": self = .resources(groupVersion: "v1")
    case "api" where parts.count > 2 && parts[1] == "v1":
      self = .objects(try ObjectPath(group: "", version: "v1", parts[2...]))
    case "apis" where parts.count == 1: self = .groups
    case "apis" where parts.count == 2: self = .group(parts[1])
    case "apis" where parts.count == 3:
      self = .resources(groupVersion: "\(parts[1])/\(parts[2])")
    case "apis":
      if parts[1] == "authorization.k8s.io" || parts[1] == "authentication.k8s.io" {
        self = .accessReview(kind: parts[3])
      } else {
        self = .objects(try ObjectPath(group: parts[1], version: parts[2], parts[3...]))
      }
    default: throw .pageNotFound
    }
  }
}

/// A path to objects.
struct ObjectPath: Sendable {
  var type: ResourceType
  var namespace: String?
  var name: String?
  var subresource: String?
  /// The old style of watching, `/watch/` before the rest of the path.
  var isWatch = false

  var key: ObjectKey { ObjectKey(namespace: namespace ?? "", name: name ?? "") }

  init(group: String, version: String, _ parts: ArraySlice<String>) throws(APIStatus) {
    var parts = parts
    if parts.first == "watch" {
      isWatch = true
      parts = parts.dropFirst()
    }
    let known = ResourceType.all.filter { $0.group == group }
    guard !known.isEmpty else {
      throw Discovery.isKnownGroup(group) ? .noSuchPath : .pageNotFound
    }
    func type(_ plural: String?) throws(APIStatus) -> ResourceType {
      guard let found = known.first(where: { $0.plural == plural && $0.version == version }) else {
        throw .noSuchPath
      }
      return found
    }
    if parts.first == "namespaces", parts.count > 2, !["status", "finalize"].contains(parts[parts.startIndex + 2]) {
      namespace = parts[parts.startIndex + 1]
      parts = parts.dropFirst(2)
      self.type = try type(parts.first)
      guard self.type.isNamespaced else { throw .noSuchPath }
    } else {
      self.type = try type(parts.first)
    }
    parts = parts.dropFirst()
    name = parts.popFirst()
    subresource = parts.popFirst()
    if !parts.isEmpty { throw .noSuchPath }
    if name != nil, self.type.isNamespaced, namespace == nil { throw .noSuchPath }
    switch subresource {
    case nil: break
    case "status" where self.type.hasStatus: break
    case "scale" where self.type.hasScale: break
    case "log" where self.type == .pods, "eviction" where self.type == .pods, "binding" where self.type == .pods: break
    case "finalize" where self.type == .namespaces: break
    default: throw .noSuchPath
    }
  }
}
