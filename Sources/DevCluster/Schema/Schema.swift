/// What a field may hold.
indirect enum FieldType: Sendable {
  case string, int32, int64, boolean, quantity, intOrString, time, anything
  /// A map of strings.
  case map
  /// An object with known fields, by the name of its type. `isAtomic`: one owner as a whole under server-side apply.
  case record(String, isAtomic: Bool, retainsKeys: Bool)
  /// A list that is replaced as a whole.
  case list(FieldType)
  /// A list of objects in which the first of `keys` names an element to a strategic merge patch.
  case keyed(FieldType, keys: [String])
  /// A list of distinct scalars.
  case set(FieldType)
}

/// The types of all served kinds, read from `SchemaText`.
struct Schema: Sendable {
  static let shared = Schema(text: SchemaText.types)

  /// The fields of each type.
  let types: [String: [String: FieldType]]

  init(text: String) {
    var types: [String: [String: FieldType]] = [:]
    for line in text.split(separator: "\n") {
      guard let space = line.firstIndex(of: " ") else { continue }
      var fields: [String: FieldType] = [:]
      for field in line[line.index(after: space)...].split(separator: ",") {
        let words = field.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { continue }
        fields[words[0]] = Self.type(named: words[1])
      }
      types[String(line[..<space])] = fields
    }
    let common = types["TypeMeta"] ?? [:]
    self.types = types.mapValues { fields in
      fields["metadata"] == nil ? fields : fields.merging(common) { own, _ in own }
    }
  }

  /// The fields of the type that `type` names; `nil` where its fields are not known.
  func fields(of type: FieldType) -> [String: FieldType]? {
    if case .record(let name, _, _) = type { return types[name] }
    return nil
  }

  /// The type of a kind's whole object.
  func root(_ kind: String) -> FieldType { .record(kind, isAtomic: false, retainsKeys: false) }

  private static func type(named text: String) -> FieldType {
    if text.hasPrefix("["), text.hasSuffix("]") {
      let words = text.dropFirst().dropLast().split(separator: " ").map(String.init)
      let element = type(named: words[0])
      guard words.count > 1 else { return .list(element) }
      if words[1] == "set" { return .set(element) }
      return .keyed(element, keys: words[1].split(separator: "+").map(String.init))
    }
    switch text {
    case "s": return .string
    case "i": return .int32
    case "l": return .int64
    case "b": return .boolean
    case "q": return .quantity
    case "n": return .intOrString
    case "t": return .time
    case "o": return .anything
    case "ms": return .map
    default:
      let name = text.filter { $0 != "!" && $0 != "^" }
      return .record(name, isAtomic: text.hasSuffix("!"), retainsKeys: text.hasSuffix("^"))
    }
  }
}

/// What a check of an object against its schema found.
struct SchemaFindings {
  /// Paths of fields that the schema does not have, in the order of their names.
  var unknownFields: [String] = []
  /// The first field whose value has a wrong type: its path, the type that it should have (Go's name), what it has.
  var mismatch: (path: String, expected: String, found: String)?
}

extension Schema {
  /// Compares an object with the type of its kind.
  func check(_ object: JSON, kind: String) -> SchemaFindings {
    var findings = SchemaFindings()
    check(object, against: root(kind), path: "", into: &findings)
    return findings
  }

  /// The object as a typed server stores it: without fields that its kind does not have, and without empty values
  /// that are the same as none.
  func pruned(_ object: JSON, kind: String) -> JSON { prune(object, to: root(kind)) }

  /// Whether a field with this value is written like one that is missing.
  private static func isSameAsNone(_ value: JSON, _ name: String, _ type: FieldType) -> Bool {
    switch (type, value) {
    case (_, .null): true
    case (.string, .string(let text)): text.isEmpty
    case (.boolean, .bool(false)), (.int32, .int(0)), (.int64, .int(0)): plainFields.contains(name)
    case (.list, .array(let elements)), (.keyed, .array(let elements)), (.set, .array(let elements)):
      elements.isEmpty
    case (.map, .object(let members)): members.isEmpty
    default: false
    }
  }

  /// Numbers and booleans that are no pointers in Go's types, whose zero is not written.
  private static let plainFields: Set<String> = [
    "stdin", "stdinOnce", "tty", "hostNetwork", "hostPID", "hostIPC", "paused", "readOnly", "minReadySeconds",
    "hostPort", "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
    "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "fullyLabeledReplicas",
    "observedGeneration", "generation",
  ]

  private func prune(_ value: JSON, to type: FieldType) -> JSON {
    switch (type, value) {
    case (.record, .object(let members)):
      guard let fields = fields(of: type) else { return value }
      var kept: [String: JSON] = [:]
      for (name, member) in members {
        guard let field = fields[name] else { continue }
        let value = prune(member, to: field)
        if !Self.isSameAsNone(value, name, field) { kept[name] = value }
      }
      return .object(kept)
    case (.list(let element), .array(let elements)), (.keyed(let element, _), .array(let elements)):
      return .array(elements.map { prune($0, to: element) })
    default: return value
    }
  }

  private func check(_ value: JSON, against type: FieldType, path: String, into findings: inout SchemaFindings) {
    func mismatch(_ expected: String) {
      if findings.mismatch == nil { findings.mismatch = (path, expected, value.goTypeName) }
    }
    switch (type, value) {
    case (_, .null), (.anything, _), (.intOrString, .int), (.intOrString, .string), (.quantity, _): break
    case (.string, .string), (.time, .string), (.boolean, .bool): break
    case (.int32, .int(let number)) where Int32(exactly: number) != nil: break
    case (.int64, .int): break
    case (.string, _), (.time, _): mismatch("string")
    case (.boolean, _): mismatch("bool")
    case (.int32, _): mismatch("int32")
    case (.int64, _): mismatch("int64")
    case (.intOrString, _): mismatch("intstr.IntOrString")
    case (.map, .object(let members)):
      for (name, member) in members.sorted(by: { $0.key < $1.key }) where !member.isNull && member.string == nil {
        check(member, against: .string, path: path + "." + name, into: &findings)
      }
    case (.map, _): mismatch("map[string]string")
    case (.record(let name, _, _), .object(let members)):
      guard let fields = fields(of: type) else { break }
      for (member, inner) in members.sorted(by: { $0.key < $1.key }) {
        let place = path.isEmpty ? member : path + "." + member
        if let field = fields[member] {
          check(inner, against: field, path: place, into: &findings)
        } else if !member.hasPrefix("$") {
          findings.unknownFields.append(place)
        }
      }
      _ = name
    case (.record(let name, _, _), _): mismatch("v1." + name)
    case (.list(let element), .array(let elements)), (.keyed(let element, _), .array(let elements)),
      (.set(let element), .array(let elements)):
      for (index, inner) in elements.enumerated() {
        check(inner, against: element, path: "\(path)[\(index)]", into: &findings)
      }
    case (.list, _), (.keyed, _), (.set, _): mismatch("[]")
    }
  }
}

extension JSON {
  fileprivate var goTypeName: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .int, .double: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
