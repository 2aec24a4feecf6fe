/// Who wrote which field of an object last: `metadata.managedFields`.
enum ManagedFields {
  /// Notes in `new` what its writer changed. Objects that only the cluster's own parts write carry no such notes, for
  /// they are many and nobody asks.
  static func record(
    old: JSON?, new: inout JSON, type: ResourceType, subresource: String, options: WriteOptions, at now: Timestamp
  ) {
    if [.pods, .replicaSets, .events, .nodes].contains(type), options.operation != "Apply" { return }
    let schema = Schema.shared
    let root = schema.root(type.kind)
    let before = comparable(old ?? .null)
    let after = comparable(new)
    if before == after, options.operation != "Apply" {
      new["metadata"]["managedFields"] = old?["metadata"]["managedFields"] ?? .null
      return
    }
    let changed = schema.differing(before, after, root)
    let gone = schema.fields(in: before, root).subtracting(schema.fields(in: after, root))
    let isApply = options.operation == "Apply"
    var entries = (old?["metadata"]["managedFields"].elements ?? []).map(Entry.init)
    var own = Entry(
      manager: options.fieldManager, operation: options.operation, subresource: subresource,
      apiVersion: type.apiVersion, time: now.seconds, fields: FieldSet())
    if let index = entries.firstIndex(where: { $0.isSame(as: own) }) { own.fields = entries.remove(at: index).fields }
    let fields = isApply ? options.appliedFields ?? FieldSet() : own.fields.subtracting(gone).union(changed)
    for index in entries.indices {
      // A field that several agree on is theirs together; one that was changed is its writer's alone.
      entries[index].fields = entries[index].fields.subtracting(changed).subtracting(gone)
    }
    own.fields = fields
    entries.append(own)
    let kept = entries.filter { !$0.fields.isEmpty }
    new["metadata"]["managedFields"] = kept.isEmpty ? .null : .array(kept.map(\.json))
  }

  /// The object without what nobody owns.
  static func comparable(_ object: JSON) -> JSON {
    var object = object
    object["apiVersion"] = .null
    object["kind"] = .null
    for field in [
      "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields",
      "deletionTimestamp", "deletionGracePeriodSeconds",
    ] {
      object["metadata"][field] = .null
    }
    if object["metadata"].members.isEmpty { object["metadata"] = .null }
    return object
  }

  /// One writer's part of `managedFields`.
  struct Entry {
    var manager: String
    var operation: String
    var subresource: String
    var apiVersion: String
    var time: String
    var fields: FieldSet

    func isSame(as other: Entry) -> Bool {
      manager == other.manager && operation == other.operation && subresource == other.subresource
        && apiVersion == other.apiVersion
    }
  }

  static func entries(of object: JSON) -> [Entry] { object["metadata"]["managedFields"].elements.map(Entry.init) }
}

extension ManagedFields.Entry {
  init(_ object: JSON) {
    manager = object["manager"].string ?? ""
    operation = object["operation"].string ?? "Update"
    subresource = object["subresource"].string ?? ""
    apiVersion = object["apiVersion"].string ?? ""
    time = object["time"].string ?? ""
    fields = FieldSet(fieldsV1: object["fieldsV1"])
  }

  var json: JSON {
    var object: JSON = [
      "manager": .string(manager), "operation": .string(operation), "apiVersion": .string(apiVersion),
      "time": .string(time), "fieldsType": "FieldsV1", "fieldsV1": fields.fieldsV1,
    ]
    if !subresource.isEmpty { object["subresource"] = .string(subresource) }
    return object
  }
}
