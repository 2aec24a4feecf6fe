/// Requests that write.
extension ClusterState {
  func writeOptions(_ request: APIRequest) -> WriteOptions {
    WriteOptions(fieldManager: request.fieldManager, isDryRun: request.query["dryRun"] == "All")
  }

  mutating func createObject(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> APIResponse {
    if path.name != nil {
      switch path.subresource {
      case "eviction":
        try delete(.pods, path.key)
        return APIResponse(["kind": "Status", "apiVersion": "v1", "status": "Success", "code": 201], status: 201)
      default: throw .methodNotAllowed
      }
    }
    var object = try decode(request, path.type)
    let warnings = try checkFields(object, path.type, request)
    try setNamespace(&object, path)
    let created = try create(path.type, object, writeOptions(request))
    return try show(created, path.type, request, status: 201).warning(warnings)
  }

  mutating func replaceObject(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> APIResponse {
    guard let name = path.name else { throw .methodNotAllowed }
    if path.subresource == "scale" {
      guard let scale = try? JSON.parse(request.body) else { throw .badRequest("unexpected end of JSON input") }
      return APIResponse(try applyScale(scale, path, writeOptions(request)))
    }
    var object = try decode(request, path.type)
    let warnings = try checkFields(object, path.type, request)
    try setNamespace(&object, path)
    if object.name != name {
      throw .badRequest(
        "the name of the object (\(object.name)) does not match the name on the URL (\(name))")
    }
    let options = writeOptions(request)
    let written: JSON
    switch path.subresource {
    case "status": written = try updateStatus(path.type, object, options)
    case "finalize":
      if object["spec"]["finalizers"].elements.isEmpty { try finishNamespace(name) }
      written = object
    default: written = try update(path.type, object, options)
    }
    return try show(written, path.type, request).warning(warnings)
  }

  mutating func patchObject(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> APIResponse {
    guard let name = path.name else { throw .methodNotAllowed }
    let kind = try PatchKind(contentType: request.contentType)
    let patch = try parse(request.body)
    if kind == .apply { return try serverSideApply(patch, path, request) }
    guard let old = store.object(path.type, path.key) else { throw .notFound(path.type, name) }
    let options = writeOptions(request)
    if path.subresource == "scale" {
      let scale = try patched(old.scale, patch, kind, kindName: "Scale")
      return APIResponse(try applyScale(scale, path, options))
    }
    let new = try patched(old, patch, kind, kindName: path.type.kind)
    let findings = Schema.shared.check(new, kind: path.type.kind)
    if let mismatch = findings.mismatch {
      throw .invalidPatch(patch, "unrecognized type: \(mismatch.expected)")
    }
    let unknown = findings.unknownFields.map { "unknown field \"\($0)\"" }
    if !unknown.isEmpty, request.query["fieldValidation"] == "Strict" {
      throw .invalidPatch(patch, "strict decoding error: \(unknown.joined(separator: ", "))")
    }
    var target = new
    // A patch that says nothing of the resource version has none as its precondition.
    if new.resourceVersion == old.resourceVersion { target["metadata"]["resourceVersion"] = .null }
    let written =
      path.subresource == "status"
      ? try updateStatus(path.type, target, options) : try update(path.type, target, options)
    let warnings = request.query["fieldValidation"] == "Ignore" ? [] : unknown
    return try show(written, path.type, request).warning(warnings)
  }

  private func patched(
    _ object: JSON, _ patch: JSON, _ kind: PatchKind, kindName: String
  ) throws(APIStatus) -> JSON {
    switch kind {
    case .json: return try JSONPatch(patch).apply(to: object)
    case .merge: return MergePatch.apply(patch, to: object)
    case .strategic, .apply:
      guard case .object = patch else { throw .badRequest("json: cannot unmarshal array into Go value") }
      return try StrategicMergePatch(schema: .shared).apply(patch, to: object, kind: kindName)
    }
  }

  private mutating func applyScale(
    _ scale: JSON, _ path: ObjectPath, _ options: WriteOptions
  ) throws(APIStatus) -> JSON {
    guard var object = store.object(path.type, path.key) else { throw .notFound(path.type, path.name ?? "") }
    let version = scale.resourceVersion
    if !version.isEmpty, version != object.resourceVersion { throw .conflict(path.type, object.name) }
    object["spec"]["replicas"] = JSON(scale["spec"]["replicas"].int ?? 0)
    return try update(path.type, object, options).scale
  }

  mutating func deleteObjects(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> APIResponse {
    var options = DeleteOptions(isDryRun: request.query["dryRun"] == "All")
    let body = request.body.isEmpty ? JSON.object([:]) : try self.body(of: request)
    let propagation = body["propagationPolicy"].string ?? request.query["propagationPolicy"]
    options.propagation = propagation.flatMap(DeleteOptions.Propagation.init) ?? .background
    options.gracePeriod = body["gracePeriodSeconds"].int ?? request.query["gracePeriodSeconds"].flatMap(Int.init)
    if body["dryRun"].elements.contains("All") { options.isDryRun = true }
    guard path.name != nil else { return try deleteAll(path, request, options) }
    options.uid = body["preconditions"]["uid"].string
    options.resourceVersion = body["preconditions"]["resourceVersion"].string
    switch try delete(path.type, path.key, options) {
    case .pending(let object): return APIResponse(object)
    case .gone(let object):
      if path.type == .pods { return APIResponse(object) }
      var details = path.type.details(name: object.name)
      details["uid"] = .string(object.uid)
      return APIResponse([
        "kind": "Status", "apiVersion": "v1", "metadata": .object([:]), "status": "Success", "details": details,
      ])
    }
  }

  private mutating func deleteAll(
    _ path: ObjectPath, _ request: APIRequest, _ options: DeleteOptions
  ) throws(APIStatus) -> APIResponse {
    let labels = try LabelSelector(query: request.query["labelSelector"] ?? "")
    let fields = try FieldSelector(query: request.query["fieldSelector"] ?? "", type: path.type)
    var deleted: [JSON] = []
    for object in store.objects(path.type, namespace: path.namespace)
    where labels.matches(object.labels) && fields.matches(object) {
      switch try delete(path.type, object.key, options) {
      case .gone(let last), .pending(let last): deleted.append(last)
      }
    }
    return APIResponse([
      "kind": .string(path.type.kind + "List"), "apiVersion": .string(path.type.apiVersion),
      "metadata": ["resourceVersion": .string(String(store.resourceVersion))], "items": .array(deleted),
    ])
  }

  // MARK: Reading bodies

  func parse(_ body: [UInt8]) throws(APIStatus) -> JSON {
    do throws(JSONParsingError) { return try JSON.parse(body) } catch { throw .badRequest(error.message) }
  }

  /// The object in a request's body, by its media type.
  func body(of request: APIRequest) throws(APIStatus) -> JSON {
    switch request.contentType.prefix(while: { $0 != ";" }).filter({ !$0.isWhitespace }) {
    case "application/json", "": return try parse(request.body)
    case ProtobufBody.mediaType:
      guard let object = ProtobufBody.decode(request.body) else { throw .unsupportedMediaType }
      return object
    default: throw .unsupportedMediaType
    }
  }

  private func decode(_ request: APIRequest, _ type: ResourceType) throws(APIStatus) -> JSON {
    let object = try body(of: request)
    let kind = object["kind"].string ?? type.kind
    let version = object["apiVersion"].string ?? type.apiVersion
    if kind != type.kind || version != type.apiVersion {
      throw .badRequest(
        "\(kind) in version \"\(version)\" cannot be handled as a \(type.kind): converting (\(version).\(kind)) to "
          + "(\(type.apiVersion).\(type.kind)): unknown conversion")
    }
    return object
  }

  /// Compares a whole object with its schema. Throws on values of wrong types, and on unknown fields where the
  /// request asks for strictness; returns warnings otherwise.
  private func checkFields(
    _ object: JSON, _ type: ResourceType, _ request: APIRequest
  ) throws(APIStatus) -> [String] {
    let findings = Schema.shared.check(object, kind: type.kind)
    let intro = "\(type.kind) in version \"\(type.version)\" cannot be handled as a \(type.kind): "
    if let mismatch = findings.mismatch {
      throw .badRequest(
        intro + "json: cannot unmarshal \(mismatch.found) into Go struct field \(type.kind).\(mismatch.path) of type "
          + mismatch.expected)
    }
    let unknown = findings.unknownFields.map { "unknown field \"\($0)\"" }
    switch request.query["fieldValidation"] {
    case "Strict" where !unknown.isEmpty:
      throw .badRequest(intro + "strict decoding error: " + unknown.joined(separator: ", "))
    case "Ignore": return []
    default: return unknown
    }
  }

  private func setNamespace(_ object: inout JSON, _ path: ObjectPath) throws(APIStatus) {
    guard path.type.isNamespaced else { return }
    let given = object.namespace
    if !given.isEmpty, given != path.namespace {
      throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
    }
    guard let namespace = path.namespace else {
      throw .badRequest("an empty namespace may not be set during creation")
    }
    object["metadata"]["namespace"] = .string(namespace)
  }
}

/// The kinds of patch, by their media type.
enum PatchKind: String {
  case json = "application/json-patch+json"
  case merge = "application/merge-patch+json"
  case strategic = "application/strategic-merge-patch+json"
  case apply = "application/apply-patch+yaml"

  init(contentType: String) throws(APIStatus) {
    let media = contentType.prefix { $0 != ";" }.filter { !$0.isWhitespace }
    guard let kind = PatchKind(rawValue: media) else { throw .unsupportedMediaType }
    self = kind
  }
}

extension APIResponse {
  /// The answer with a `Warning` header for each of these.
  func warning(_ texts: [String]) -> APIResponse {
    var response = self
    for text in texts {
      let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      response.headers.append(("Warning", "299 - \"\(quoted)\""))
    }
    return response
  }
}
