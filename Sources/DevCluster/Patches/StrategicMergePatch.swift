/// Kubernetes' strategic merge patch: a merge patch that knows which lists are keyed.
struct StrategicMergePatch {
  let schema: Schema

  /// What the patch makes of an object of that kind. Throws where a list's element lacks its key.
  func apply(_ patch: JSON, to object: JSON, kind: String) throws(APIStatus) -> JSON {
    try merge(patch, into: object, schema.root(kind))
  }

  private func merge(_ patch: JSON, into target: JSON, _ type: FieldType) throws(APIStatus) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    switch changes["$patch"]?.string {
    case "replace": return .object(changes.filter { $0.key != "$patch" }.mapValues(Self.withoutDirectives))
    case "delete": return .object([:])
    default: break
    }
    var members = target.members
    if case .array(let kept)? = changes["$retainKeys"] {
      let names = Set(kept.compactMap(\.string))
      members = members.filter { names.contains($0.key) }
    }
    let fields = schema.fields(of: type)
    for (name, change) in changes {
      if let list = name.suffix(after: "$deleteFromPrimitiveList/") {
        let gone = Set(change.elements)
        members[list] = .array((members[list] ?? .null).elements.filter { !gone.contains($0) })
      }
      if name.hasPrefix("$") { continue }
      if change.isNull {
        members[name] = nil
        continue
      }
      let order = changes["$setElementOrder/\(name)"]?.elements
      members[name] = try merge(change, into: members[name] ?? .null, fields?[name] ?? .anything, order: order)
    }
    // A list may be put in order without a change to its elements.
    for (name, order) in changes {
      guard let list = name.suffix(after: "$setElementOrder/"), changes[list] == nil, let present = members[list],
        let field = fields?[list]
      else { continue }
      members[list] = try merge(.array([]), into: present, field, order: order.elements)
    }
    return .object(members)
  }

  private func merge(
    _ change: JSON, into present: JSON, _ type: FieldType, order: [JSON]?
  ) throws(APIStatus) -> JSON {
    switch (type, change) {
    case (.keyed(let element, let keys), .array(let changes)):
      return .array(try merge(changes, into: present.elements, element, key: keys[0], order: order))
    case (.set, .array(let changes)):
      let all = present.elements + changes.filter { !present.elements.contains($0) }
      return .array(arranged(all, touched: changes, server: present.elements, order: order) { $0 })
    case (_, .object): return try merge(change, into: present, type)
    default: return change
    }
  }

  private func merge(
    _ changes: [JSON], into present: [JSON], _ element: FieldType, key: String, order: [JSON]?
  ) throws(APIStatus) -> [JSON] {
    if changes.contains(where: { $0["$patch"].string == "replace" && $0[key].isNull }) {
      return changes.filter { $0["$patch"].string != "replace" }
    }
    var result = present
    var touched: [JSON] = []
    for change in changes {
      let identity = change[key]
      guard !identity.isNull else {
        throw .invalidPatch(change, "map: \(change.goDescription) does not contain declared merge key: \(key)")
      }
      let place = result.firstIndex { $0[key] == identity }
      if change["$patch"].string == "delete" {
        result.removeAll { $0[key] == identity }
        continue
      }
      touched.append(identity)
      if let place {
        result[place] = try merge(change, into: result[place], element)
      } else {
        result.append(try merge(change, into: .object([:]), element))
      }
    }
    return arranged(result, touched: touched, server: present.map { $0[key] }, order: order?.map { $0[key] }) {
      $0[key]
    }
  }

  /// Puts a merged list in order: what the patch names in the patch's order, the rest in the server's, the two
  /// interleaved by the server's order as far as it has both. New elements therefore come before the rest.
  private func arranged(
    _ merged: [JSON], touched: [JSON], server: [JSON], order: [JSON]?, identity: (JSON) -> JSON
  ) -> [JSON] {
    let named = order ?? touched
    func rank(_ element: JSON, in list: [JSON]) -> Int { list.firstIndex(of: identity(element)) ?? Int.max }
    var right = merged.filter { named.contains(identity($0)) }
      .sorted { rank($0, in: named) < rank($1, in: named) }[...]
    var left = merged.filter { !named.contains(identity($0)) }[...]
    var result: [JSON] = []
    while let one = left.first, let other = right.first {
      let ranks = (rank(one, in: server), rank(other, in: server))
      let leftFirst = ranks.0 != Int.max && ranks.1 != Int.max && ranks.0 < ranks.1
      result.append(leftFirst ? left.removeFirst() : right.removeFirst())
    }
    return result + left + right
  }

  private static func withoutDirectives(_ value: JSON) -> JSON {
    switch value {
    case .object(let members):
      .object(members.filter { !$0.key.hasPrefix("$") }.mapValues(withoutDirectives))
    case .array(let elements): .array(elements.map(withoutDirectives))
    default: value
    }
  }
}

extension String {
  fileprivate func suffix(after prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
