/// A JSON value: what every API object is in the development cluster.
///
/// Reading a missing member gives `null`; writing `null` through a subscript removes the member. A member that must
/// be an explicit `null` on the wire is put there through `members`.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// The member of an object; `null` where it is missing or this is no object.
  public subscript(key: String) -> JSON {
    get {
      if case .object(let members) = self { return members[key] ?? .null }
      return .null
    }
    _modify {
      var members = self.members
      self = .null
      var value = members.removeValue(forKey: key) ?? .null
      defer {
        if value != .null { members[key] = value }
        self = .object(members)
      }
      yield &value
    }
  }

  /// The element of an array; `null` where there is none.
  public subscript(index: Int) -> JSON {
    get {
      if case .array(let elements) = self, elements.indices.contains(index) { return elements[index] }
      return .null
    }
    _modify {
      var elements = self.elements
      self = .null
      var value = elements.indices.contains(index) ? elements[index] : .null
      defer {
        if elements.indices.contains(index) { elements[index] = value }
        self = .array(elements)
      }
      yield &value
    }
  }

  /// The members of an object; setting makes this an object.
  public var members: [String: JSON] {
    get { if case .object(let members) = self { members } else { [:] } }
    set { self = .object(newValue) }
  }

  /// The elements of an array; setting makes this an array.
  public var elements: [JSON] {
    get { if case .array(let elements) = self { elements } else { [] } }
    set { self = .array(newValue) }
  }

  /// The text, where this is a string.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The whole number, where this is one.
  public var int: Int? {
    switch self {
    case .int(let value): Int(exactly: value)
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The truth value, where this is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// Whether this is `null` or missing.
  public var isNull: Bool { self == .null }

  /// A map of strings, leaving out members that are none.
  public var strings: [String: String] {
    get { members.compactMapValues(\.string) }
    set { self = newValue.isEmpty ? .null : .object(newValue.mapValues(JSON.string)) }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .int(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }

  init(_ value: Int) { self = .int(Int64(value)) }
  init(_ value: String) { self = .string(value) }
  init(_ value: [String: String]) { self = .object(value.mapValues(JSON.string)) }
}

/// The parts that every API object has.
extension JSON {
  var name: String { self["metadata"]["name"].string ?? "" }
  var namespace: String { self["metadata"]["namespace"].string ?? "" }
  var uid: String { self["metadata"]["uid"].string ?? "" }
  var generation: Int { self["metadata"]["generation"].int ?? 0 }
  var resourceVersion: String { self["metadata"]["resourceVersion"].string ?? "" }
  var labels: [String: String] { self["metadata"]["labels"].strings }
  var annotations: [String: String] { self["metadata"]["annotations"].strings }
  var isBeingDeleted: Bool { !self["metadata"]["deletionTimestamp"].isNull }
  var finalizers: [String] { self["metadata"]["finalizers"].elements.compactMap(\.string) }
  var ownerReferences: [JSON] { self["metadata"]["ownerReferences"].elements }
  var controllerUID: String? { ownerReferences.first { $0["controller"].bool == true }?["uid"].string }
  var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

  /// The condition of that type, `null` where there is none.
  func condition(_ type: String) -> JSON {
    self["status"]["conditions"].elements.first { $0["type"].string == type } ?? .null
  }
}
