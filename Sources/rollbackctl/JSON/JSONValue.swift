/// A JSON document (RFC 8259). Objects keep the order of their members, numbers their digits.
indirect enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// As it is written.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  struct Member: Hashable, Sendable {
    var name: String
    var value: JSONValue
  }

  /// An object of the members given.
  static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { Member(name: $0.key, value: $0.value) })
  }

  static func number(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

  /// An array of what each element makes.
  static func array<Element>(_ elements: [Element], _ value: (Element) -> JSONValue) -> JSONValue {
    .array(elements.map(value))
  }

  /// The text, or null where it is empty: "not given" in the contract.
  static func given(_ text: String) -> JSONValue { text.isEmpty ? .null : .string(text) }

  /// The value of an object's member; nil for others.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string; nil for others.
  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }
}
