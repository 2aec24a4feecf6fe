/// Who a request comes from, and what he may do.
struct Caller: Sendable {
  var name: String
  var groups: [String]
  var rules: [AccessRule]
  var isAnonymous = false

  static let admin = Caller(
    name: "dev-admin", groups: ["system:masters", "system:authenticated"], rules: [AccessRule.all])
  static let anonymous = Caller(
    name: "system:anonymous", groups: ["system:unauthenticated"], rules: [], isAnonymous: true)

  init(name: String, groups: [String] = ["system:authenticated"], rules: [AccessRule], isAnonymous: Bool = false) {
    self.name = name
    self.groups = groups
    self.rules = rules
    self.isAnonymous = isAnonymous
  }

  func may(_ verb: String, _ resource: String) -> Bool { rules.contains { $0.allows(verb, resource) } }
}

/// Verbs that are allowed on resources, in every namespace.
public struct AccessRule: Sendable {
  /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; `*`: all.
  public var verbs: Set<String>
  /// Plural names, with a subresource after a slash (`pods/log`); `*`: all.
  public var resources: Set<String>

  public init(verbs: Set<String>, resources: Set<String>) {
    self.verbs = verbs
    self.resources = resources
  }

  public static let all = AccessRule(verbs: ["*"], resources: ["*"])
  public static let readAll = AccessRule(verbs: ["get", "list", "watch"], resources: ["*"])

  func allows(_ verb: String, _ resource: String) -> Bool {
    (verbs.contains("*") || verbs.contains(verb)) && (resources.contains("*") || resources.contains(resource))
  }
}

/// The API: requests to answers.
extension ClusterState {
  /// Answers a request. Lines of watches that it opens or feeds are in `outbox` when this returns.
  mutating func respond(to request: APIRequest, from caller: Caller) -> APIResponse {
    do throws(APIStatus) {
      let response = try answer(request, caller)
      deliver()
      return response
    } catch {
      deliver()
      return APIResponse(error)
    }
  }

  private mutating func answer(_ request: APIRequest, _ caller: Caller) throws(APIStatus) -> APIResponse {
    let route = try Route(path: request.path)
    switch route {
    case .health:
      return APIResponse(text: "ok")
    case .version: return APIResponse(Discovery.version)
    default: break
    }
    guard case .objects(let path) = route else {
      if caller.isAnonymous {
        throw APIStatus(
          code: 403, reason: "Forbidden",
          message: "forbidden: User \"\(caller.name)\" cannot \(request.method.lowercased()) path \"\(request.path)\"",
          details: .object([:]))
      }
      return try Discovery.answer(route, request, caller, at: now)
    }
    try authorize(caller, path, request)
    switch request.method {
    case "GET", "HEAD": return try read(path, request)
    case "POST": return try createObject(path, request)
    case "PUT": return try replaceObject(path, request)
    case "PATCH": return try patchObject(path, request)
    case "DELETE": return try deleteObjects(path, request)
    default: throw .methodNotAllowed
    }
  }

  private func authorize(_ caller: Caller, _ path: ObjectPath, _ request: APIRequest) throws(APIStatus) {
    let verb = path.name == nil && request.method == "DELETE" ? "deletecollection" : request.verb
    let type = path.type
    let resource = type.plural + (path.subresource.map { "/\($0)" } ?? "")
    if caller.may(verb, resource) { return }
    var why = "User \"\(caller.name)\" cannot \(verb) resource \"\(resource)\" in API group \"\(type.group)\""
    why += path.namespace.map { " in the namespace \"\($0)\"" } ?? " at the cluster scope"
    var details = type.details(name: path.name ?? "")
    if path.name == nil { details["name"] = .null }
    let subject =
      path.name.map { "\(type.qualifiedName) \"\($0)\" is forbidden" } ?? "\(type.qualifiedName) is forbidden"
    throw APIStatus(code: 403, reason: "Forbidden", message: "\(subject): \(why)", details: details)
  }

  private mutating func read(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> APIResponse {
    if path.isWatch || (request.flag("watch") && path.subresource == nil) {
      return APIResponse(watch: try openWatch(path, request))
    }
    guard path.name != nil else { return try list(path, request) }
    if path.subresource == "log" { return try log(path, request) }
    try checkReachable(request)
    guard let object = store.object(path.type, path.key) else { throw .notFound(path.type, path.name ?? "") }
    if path.subresource == "scale" { return APIResponse(object.scale) }
    return try show(object, path.type, request)
  }

  /// Throws where a resource version of the future is asked for.
  private func checkReachable(_ request: APIRequest) throws(APIStatus) {
    guard let version = request.query["resourceVersion"], !version.isEmpty else { return }
    guard let number = Int64(version) else { throw .malformedResourceVersion(version) }
    if number > store.resourceVersion {
      throw .tooLargeResourceVersion(number, current: store.resourceVersion)
    }
  }

  private func list(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> APIResponse {
    let labels = try LabelSelector(query: request.query["labelSelector"] ?? "")
    let fields = try FieldSelector(query: request.query["fieldSelector"] ?? "", type: path.type)
    let presentation = try Presentation(accept: request.accept)
    try checkReachable(request)
    var version = store.resourceVersion
    var start: String?
    if let token = request.query["continue"], !token.isEmpty {
      let position = try ContinueToken(token)
      if position.resourceVersion >= 0 { version = position.resourceVersion }
      start = position.start
    } else if request.query["resourceVersionMatch"] == "Exact", let asked = request.query["resourceVersion"] {
      version = Int64(asked) ?? version
    }
    guard var objects = store.objects(path.type, namespace: path.namespace, at: version) else {
      if let start {
        var status = APIStatus.expired(ContinueToken.expiredMessage)
        let restart = ContinueToken(resourceVersion: -1, start: start)
        status.metadata = ["continue": .string(restart.encoded)]
        throw status
      }
      throw .expired("The resourceVersion for the provided list is too old.")
    }
    if let start { objects.removeAll { ContinueToken.position(of: $0, in: path.namespace) < start } }
    objects = objects.filter {
      (labels.isEmpty || labels.matches($0.labels)) && (fields.isEmpty || fields.matches($0))
    }
    var metadata: JSON = ["resourceVersion": .string(String(version))]
    if let limit = request.query["limit"].flatMap(Int.init), limit > 0, objects.count > limit {
      let next = ContinueToken(
        resourceVersion: version,
        start: ContinueToken.position(of: objects[limit - 1], in: path.namespace) + "\u{0}")
      metadata["continue"] = .string(next.encoded)
      if labels.isEmpty, fields.isEmpty { metadata["remainingItemCount"] = JSON(objects.count - limit) }
      objects = Array(objects.prefix(limit))
    }
    switch presentation {
    case .table:
      var table = Tables.table(of: objects, path.type, at: now, resourceVersion: String(version), withColumns: true)
      table["metadata"] = metadata
      return APIResponse(table)
    case .metadata:
      return APIResponse([
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "items": .array(objects.map(\.partialMetadata)),
      ])
    case .object:
      let items = objects.map { object in
        var item = object
        item["kind"] = .null
        item["apiVersion"] = .null
        return item
      }
      return APIResponse([
        "kind": .string(path.type.kind + "List"), "apiVersion": .string(path.type.apiVersion),
        "metadata": metadata, "items": .array(items),
      ])
    }
  }

  /// One object in the presentation that was asked for.
  func show(
    _ object: JSON, _ type: ResourceType, _ request: APIRequest, status: Int = 200
  ) throws(APIStatus) -> APIResponse {
    switch try Presentation(accept: request.accept) {
    case .object: return APIResponse(object, status: status)
    case .metadata: return APIResponse(object.partialMetadata, status: status)
    case .table:
      return APIResponse(
        Tables.table(of: [object], type, at: now, resourceVersion: object.resourceVersion, withColumns: true),
        status: status)
    }
  }
}

/// Where a list that comes in parts goes on.
struct ContinueToken {
  var resourceVersion: Int64
  /// The first key that comes next: a slash and a name, before them the namespace where all are listed.
  var start: String

  init(resourceVersion: Int64, start: String) {
    self.resourceVersion = resourceVersion
    self.start = start
  }

  init(_ token: String) throws(APIStatus) {
    guard let bytes = Base64.decoded(token), let object = try? JSON.parse(bytes),
      object["v"].string == "meta.k8s.io/v1", let version = object["rv"].int, let start = object["start"].string
    else {
      throw .badRequest(
        "invalid continue token: continue key is not valid: invalid character 'Ï' looking for beginning of value")
    }
    resourceVersion = Int64(version)
    self.start = start.hasPrefix("/") ? start : "/" + start
  }

  var encoded: String {
    let object: JSON = ["v": "meta.k8s.io/v1", "rv": .int(resourceVersion), "start": .string(start)]
    return Base64.encoded(object.encoded)
  }

  static func position(of object: JSON, in namespace: String?) -> String {
    namespace == nil && !object.namespace.isEmpty ? "/\(object.namespace)/\(object.name)" : "/\(object.name)"
  }

  static let expiredMessage =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    + "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    + "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    + "deleted between the time the first chunk was returned and now may show up in the list."
}

/// Base 64 for URLs, without padding.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  static func encoded(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var bits = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | Int(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(alphabet[bits >> count & 63])
      }
      bits &= (1 << count) - 1
    }
    if count > 0 { text.append(alphabet[bits << (6 - count) & 63]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The usual alphabet, with padding.
  static func standard(_ bytes: [UInt8]) -> String {
    let text = encoded(bytes).replacing("-", with: "+").replacing("_", with: "/")
    return text + String(repeating: "=", count: (4 - text.count % 4) % 4)
  }

  static func decoded(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits = 0
    var count = 0
    for character in text.utf8 where character != UInt8(ascii: "=") {
      guard let value = alphabet.firstIndex(of: character) else { return nil }
      bits = (bits << 6 | value) & 0xFFFFFF
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(bits >> count & 255))
      }
    }
    return bytes
  }
}

extension JSON {
  /// The `Scale` of a Deployment or ReplicaSet.
  var scale: JSON {
    var selector = self["spec"]["selector"]["matchLabels"].strings.map { "\($0.key)=\($0.value)" }.sorted()
    if selector.isEmpty { selector = [] }
    var metadata: JSON = .object([:])
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
      metadata[field] = self["metadata"][field]
    }
    var spec: JSON = .object([:])
    if desiredReplicas != 0 { spec["replicas"] = JSON(desiredReplicas) }
    return .object([
      "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec,
      "status": ["replicas": JSON(statusReplicas), "selector": .string(selector.joined(separator: ","))],
    ])
  }
}
