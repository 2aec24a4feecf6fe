/// A set of an object's fields, as `managedFields` writes it: a tree whose steps are fields, list elements named by
/// their keys, and values of sets.
struct FieldSet: Sendable, Equatable {
  /// Whether the field that this tree stands for is itself in the set; a leaf always is.
  var isMember = false
  var children: [Step: FieldSet] = [:]

  /// One step from a value to a part of it.
  enum Step: Hashable, Sendable {
    case field(String)
    /// The element of a list with these values of its keys.
    case element([String: JSON])
    /// That value in a set.
    case value(JSON)
  }

  static let leaf = FieldSet(isMember: true)

  var isEmpty: Bool { !isMember && children.isEmpty }

  func union(_ other: FieldSet) -> FieldSet {
    var result = self
    result.isMember = isMember || other.isMember
    for (step, child) in other.children { result.children[step] = (result.children[step] ?? FieldSet()).union(child) }
    return result
  }

  /// What is in this set and not in the other.
  func subtracting(_ other: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: isMember && !other.isMember)
    for (step, child) in children {
      let rest = other.children[step].map(child.subtracting) ?? child
      if !rest.isEmpty { result.children[step] = rest }
    }
    return result
  }

  func intersection(_ other: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: isMember && other.isMember)
    for (step, child) in children {
      guard let common = other.children[step].map(child.intersection), !common.isEmpty else { continue }
      result.children[step] = common
    }
    return result
  }

  /// The paths of all members, as messages about conflicts write them.
  var paths: [String] {
    let own = isMember ? [""] : []
    return own
      + children.map { ($0.text, $1) }.sorted { $0.0 < $1.0 }.flatMap { text, child in
        child.paths.map { text + $0 }
      }
  }
}

/// `FieldsV1`: `f:` before a field, `k:` before the keys of an element, `v:` before a value, `.` for the thing itself.
extension FieldSet {
  init(fieldsV1: JSON) {
    for (name, child) in fieldsV1.members {
      let rest = String(name.dropFirst(2))
      switch name.prefix(2) {
      case "f:": children[.field(rest)] = FieldSet(fieldsV1: child)
      case "k:": children[.element((try? JSON.parse(text: rest))?.members ?? [:])] = FieldSet(fieldsV1: child)
      case "v:": children[.value((try? JSON.parse(text: rest)) ?? .null)] = FieldSet(fieldsV1: child)
      default: isMember = true
      }
    }
    if fieldsV1.members.isEmpty { isMember = true }
  }

  var fieldsV1: JSON {
    var members: [String: JSON] = [:]
    if isMember, !children.isEmpty { members["."] = .object([:]) }
    for (step, child) in children {
      switch step {
      case .field(let name): members["f:" + name] = child.fieldsV1
      case .element(let keys): members["k:" + JSON.object(keys).text] = child.fieldsV1
      case .value(let value): members["v:" + value.text] = child.fieldsV1
      }
    }
    return .object(members)
  }
}

extension FieldSet.Step {
  fileprivate var text: String {
    switch self {
    case .field(let name): "." + name
    case .element(let keys):
      "[" + keys.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }.joined(separator: ",") + "]"
    case .value(let value): "[=\(value.text)]"
    }
  }
}

/// Fields of values by their types.
extension Schema {
  /// All fields that a value of that type has.
  func fields(in value: JSON, _ type: FieldType) -> FieldSet {
    differing(.null, value, type)
  }

  /// The fields of `new` that `old` has not, or has with another value.
  func differing(_ old: JSON, _ new: JSON, _ type: FieldType) -> FieldSet {
    if old == new { return FieldSet() }
    switch (type, new) {
    case (.record(_, let isAtomic, _), .object(let members)):
      guard !isAtomic, let known = fields(of: type), !members.isEmpty else { return .leaf }
      var result = FieldSet()
      for (name, member) in members {
        let child = differing(old[name], member, known[name] ?? .anything)
        if !child.isEmpty { result.children[.field(name)] = child }
      }
      return result
    case (.map, .object(let members)):
      var result = FieldSet(isMember: old.isNull)
      for (name, member) in members where old[name] != member { result.children[.field(name)] = .leaf }
      return result
    case (.keyed(let element, let keys), .array(let elements)):
      var result = FieldSet(isMember: old.isNull)
      for value in elements {
        let identity = identity(of: value, keys)
        let before = old.elements.first { self.identity(of: $0, keys) == identity }
        var child = differing(before ?? .null, value, element)
        if before == nil { child.isMember = true }
        if !child.isEmpty { result.children[.element(identity)] = child }
      }
      return result
    case (.set, .array(let elements)):
      var result = FieldSet(isMember: old.isNull)
      for value in elements where !old.elements.contains(value) { result.children[.value(value)] = .leaf }
      return result
    default: return .leaf
    }
  }

  /// The values of an element's keys; a port's protocol is TCP where it is not given.
  func identity(of element: JSON, _ keys: [String]) -> [String: JSON] {
    var identity: [String: JSON] = [:]
    for key in keys {
      let value = element[key]
      identity[key] = value.isNull && key == "protocol" ? "TCP" : value
    }
    return identity
  }

  /// The value without those of its fields that are in the set; what is left empty by that goes too.
  func removing(_ set: FieldSet, from value: JSON, _ type: FieldType) -> JSON {
    if set.isEmpty { return value }
    if set.isMember, set.children.isEmpty { return .null }
    switch (type, value) {
    case (.keyed(let element, let keys), .array(let elements)):
      return .array(
        elements.compactMap { part in
          guard let child = set.children[.element(identity(of: part, keys))] else { return part }
          if child.isMember { return nil }
          return removing(child, from: part, element)
        })
    case (.set, .array(let elements)):
      return .array(elements.filter { set.children[.value($0)] == nil })
    case (_, .object(let members)):
      let known = fields(of: type)
      var kept = members
      for (step, child) in set.children {
        guard case .field(let name) = step, let member = members[name] else { continue }
        let rest = removing(child, from: member, known?[name] ?? .anything)
        kept[name] = rest.isNull ? nil : rest
      }
      return .object(kept)
    default: return value
    }
  }

  /// What server-side apply makes of a value: applied fields over live ones, lists with keys by element.
  func applied(_ change: JSON, over live: JSON, _ type: FieldType) -> JSON {
    switch (type, change) {
    case (.record(_, false, _), .object(let changes)), (.map, .object(let changes)):
      let known = fields(of: type)
      var members = live.members
      for (name, inner) in changes {
        members[name] = applied(inner, over: members[name] ?? .null, known?[name] ?? .anything)
      }
      return .object(members)
    case (.keyed(let element, let keys), .array(let changes)):
      var elements = live.elements
      for inner in changes {
        let identity = identity(of: inner, keys)
        if let place = elements.firstIndex(where: { self.identity(of: $0, keys) == identity }) {
          elements[place] = applied(inner, over: elements[place], element)
        } else {
          elements.append(inner)
        }
      }
      return .array(elements)
    case (.set, .array(let changes)):
      return .array(live.elements + changes.filter { !live.elements.contains($0) })
    default: return change
    }
  }
}
