/// RFC 7386: what a merge patch makes of a value.
enum MergePatch {
  static func apply(_ patch: JSON, to target: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var members = target.members
    for (name, change) in changes {
      if change.isNull { members[name] = nil } else { members[name] = apply(change, to: members[name] ?? .null) }
    }
    return .object(members)
  }
}

/// RFC 6902: a list of operations on a document.
struct JSONPatch {
  private let operations: [JSON]

  /// Throws a bad request where the patch is no list of operations.
  init(_ patch: JSON) throws(APIStatus) {
    guard case .array(let operations) = patch else {
      throw .badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    }
    self.operations = operations
  }

  /// Applies all operations, or none: throws when one of them does not fit the document.
  func apply(to document: JSON) throws(APIStatus) -> JSON {
    var document = document
    for operation in operations {
      guard let path = operation["path"].string.flatMap(Self.steps) else { throw .rejectedPatch }
      switch operation["op"].string {
      case "add": try Self.add(operation["value"], at: path[...], in: &document)
      case "replace":
        _ = try Self.remove(at: path[...], in: &document)
        try Self.add(operation["value"], at: path[...], in: &document)
      case "remove": _ = try Self.remove(at: path[...], in: &document)
      case "test":
        guard (Self.value(at: path, in: document) ?? .null) == operation["value"] else { throw .rejectedPatch }
      case "copy", "move":
        guard let source = operation["from"].string.flatMap(Self.steps),
          let value = Self.value(at: source, in: document)
        else { throw .rejectedPatch }
        if operation["op"].string == "move" { _ = try Self.remove(at: source[...], in: &document) }
        try Self.add(value, at: path[...], in: &document)
      default: throw .rejectedPatch
      }
    }
    return document
  }

  /// The steps of a JSON pointer (RFC 6901).
  private static func steps(_ pointer: String) -> [String]? {
    if pointer.isEmpty { return [] }
    guard pointer.hasPrefix("/") else { return nil }
    return pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
      String($0).replacing("~1", with: "/").replacing("~0", with: "~")
    }
  }

  private static func value(at path: [String], in document: JSON) -> JSON? {
    var value = document
    for step in path {
      switch value {
      case .object(let members):
        guard let member = members[step] else { return nil }
        value = member
      case .array(let elements):
        guard let index = Int(step), elements.indices.contains(index) else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value
  }

  private static func add(_ value: JSON, at path: ArraySlice<String>, in document: inout JSON) throws(APIStatus) {
    guard let step = path.first else {
      document = value
      return
    }
    switch document {
    case .object(var members):
      if path.count == 1 {
        members[step] = value
      } else {
        guard var inner = members[step] else { throw .rejectedPatch }
        try add(value, at: path.dropFirst(), in: &inner)
        members[step] = inner
      }
      document = .object(members)
    case .array(var elements):
      let index = step == "-" ? elements.count : Int(step) ?? -1
      if path.count == 1 {
        guard (0...elements.count).contains(index) else { throw .rejectedPatch }
        elements.insert(value, at: index)
      } else {
        guard elements.indices.contains(index) else { throw .rejectedPatch }
        try add(value, at: path.dropFirst(), in: &elements[index])
      }
      document = .array(elements)
    default: throw .rejectedPatch
    }
  }

  private static func remove(at path: ArraySlice<String>, in document: inout JSON) throws(APIStatus) -> JSON {
    guard let step = path.first else { throw .rejectedPatch }
    switch document {
    case .object(var members):
      guard var inner = members[step] else { throw .rejectedPatch }
      let removed: JSON
      if path.count == 1 {
        removed = inner
        members[step] = nil
      } else {
        removed = try remove(at: path.dropFirst(), in: &inner)
        members[step] = inner
      }
      document = .object(members)
      return removed
    case .array(var elements):
      guard let index = Int(step), elements.indices.contains(index) else { throw .rejectedPatch }
      let removed =
        path.count == 1 ? elements.remove(at: index) : try remove(at: path.dropFirst(), in: &elements[index])
      document = .array(elements)
      return removed
    default: throw .rejectedPatch
    }
  }
}
