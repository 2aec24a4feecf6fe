/// Server-side apply: a patch that says all that its manager wants of an object, and takes back what it said before.
extension ClusterState {
  mutating func serverSideApply(
    _ patch: JSON, _ path: ObjectPath, _ request: APIRequest
  ) throws(APIStatus) -> APIResponse {
    let type = path.type
    guard let manager = request.query["fieldManager"], !manager.isEmpty else {
      let rule = "fieldManager: Required value: is required for apply patch"
      throw APIStatus(code: 422, reason: "Invalid", message: "PatchOptions.meta.k8s.io \"\" is invalid: \(rule)")
    }
    let schema = Schema.shared
    let findings = schema.check(patch, kind: type.kind)
    if let mismatch = findings.mismatch {
      throw .badRequest("failed to create typed patch object: .\(mismatch.path): expected \(mismatch.expected)")
    }
    if let unknown = findings.unknownFields.first, request.query["fieldValidation"] == "Strict" {
      throw .badRequest("failed to create typed patch object: .\(unknown): field not declared in schema")
    }
    var wanted = schema.pruned(patch, kind: type.kind)
    wanted["metadata"]["managedFields"] = .null
    let root = schema.root(type.kind)
    let applied = schema.fields(in: ManagedFields.comparable(wanted), root)
    var options = WriteOptions(
      fieldManager: manager, isDryRun: request.query["dryRun"] == "All", operation: "Apply", appliedFields: applied)
    guard let live = store.object(type, path.key) else {
      wanted["metadata"]["name"] = .string(path.name ?? "")
      if let namespace = path.namespace { wanted["metadata"]["namespace"] = .string(namespace) }
      return try show(try create(type, wanted, options), type, request, status: 201)
    }
    let version = wanted.resourceVersion
    if !version.isEmpty, version != live.resourceVersion { throw .conflict(type, live.name) }
    if !request.flag("force") { try checkConflicts(applied, wanted, live, manager, type) }
    var merged = schema.applied(wanted, over: live, root)
    if let mine = ManagedFields.entries(of: live).first(where: { $0.manager == manager && $0.operation == "Apply" }) {
      let others = ManagedFields.entries(of: live)
        .filter { $0.manager != manager || $0.operation != "Apply" }
        .reduce(FieldSet()) { $0.union($1.fields) }
      let dropped = mine.fields.subtracting(applied).subtracting(others)
      merged = schema.removing(dropped, from: merged, root)
    }
    for field in ["uid", "resourceVersion"] { merged["metadata"][field] = .null }
    options.appliedFields = applied
    let written =
      path.subresource == "status"
      ? try updateStatus(type, merged, options) : try update(type, merged, options)
    return try show(written, type, request)
  }

  /// Throws where others own fields that would be given another value.
  private func checkConflicts(
    _ applied: FieldSet, _ wanted: JSON, _ live: JSON, _ manager: String, _ type: ResourceType
  ) throws(APIStatus) {
    let schema = Schema.shared
    let root = schema.root(type.kind)
    let merged = schema.applied(wanted, over: live, root)
    let changed = schema.differing(
      ManagedFields.comparable(live), ManagedFields.comparable(merged), root
    ).intersection(applied)
    var causes: [JSON] = []
    var lines: [String] = []
    for entry in ManagedFields.entries(of: live) where entry.manager != manager || entry.operation != "Apply" {
      let paths = entry.fields.intersection(changed).paths
      guard !paths.isEmpty else { continue }
      let part = entry.subresource.isEmpty ? "" : " with subresource \"\(entry.subresource)\""
      let owner = "conflict with \"\(entry.manager)\"\(part) using \(entry.apiVersion)"
      for path in paths {
        causes.append([
          "reason": "FieldManagerConflict", "message": .string(owner), "field": .string(path),
        ])
      }
      lines.append(
        paths.count == 1
          ? "\(owner): \(paths[0])"
          : owner.replacing("conflict with", with: "conflicts with") + ":\n"
            + paths.map { "- \($0)" }.joined(separator: "\n"))
    }
    guard !causes.isEmpty else { return }
    let count = causes.count == 1 ? "1 conflict" : "\(causes.count) conflicts"
    throw APIStatus(
      code: 409, reason: "Conflict", message: "Apply failed with \(count): \(lines.joined(separator: "\n"))",
      details: ["causes": .array(causes)])
  }
}
