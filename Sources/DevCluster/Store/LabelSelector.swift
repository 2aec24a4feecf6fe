/// Which labels an object must have.
struct LabelSelector: Sendable {
  enum Requirement: Sendable {
    case isIn(String, Set<String>)
    case isNotIn(String, Set<String>)
    case exists(String)
    case doesNotExist(String)
  }

  var requirements: [Requirement] = []

  var isEmpty: Bool { requirements.isEmpty }

  init() {}

  /// The selector of a Deployment or ReplicaSet.
  init(object: JSON) {
    for (key, value) in object["matchLabels"].strings { requirements.append(.isIn(key, [value])) }
    for expression in object["matchExpressions"].elements {
      let key = expression["key"].string ?? ""
      let values = Set(expression["values"].elements.compactMap(\.string))
      switch expression["operator"].string {
      case "In": requirements.append(.isIn(key, values))
      case "NotIn": requirements.append(.isNotIn(key, values))
      case "Exists": requirements.append(.exists(key))
      default: requirements.append(.doesNotExist(key))
      }
    }
  }

  func matches(_ labels: [String: String]) -> Bool {
    requirements.allSatisfy { requirement in
      switch requirement {
      case .isIn(let key, let values): labels[key].map(values.contains) ?? false
      case .isNotIn(let key, let values): !(labels[key].map(values.contains) ?? false)
      case .exists(let key): labels[key] != nil
      case .doesNotExist(let key): labels[key] == nil
      }
    }
  }

  /// The selector of a query's `labelSelector`.
  init(query: String) throws(APIStatus) {
    var parser = SelectorParser(text: query)
    requirements = try parser.requirements()
  }
}

/// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
private struct SelectorParser {
  private var tokens: [String]
  private var position = 0

  init(text: String) {
    tokens = []
    var word = ""
    func isSymbol(_ character: Character) -> Bool { "=!(),<>".contains(character) }
    var symbols = ""
    func flush(_ text: inout String, into tokens: inout [String]) {
      if !text.isEmpty { tokens.append(text) }
      text = ""
    }
    for character in text {
      if isSymbol(character) {
        flush(&word, into: &tokens)
        if ["=", "!"].contains(symbols), character == "=" {
          symbols.append(character)
        } else {
          flush(&symbols, into: &tokens)
          symbols = String(character)
        }
        continue
      }
      flush(&symbols, into: &tokens)
      if character == " " { flush(&word, into: &tokens) } else { word.append(character) }
    }
    flush(&word, into: &tokens)
    flush(&symbols, into: &tokens)
  }

  mutating func requirements() throws(APIStatus) -> [LabelSelector.Requirement] {
    var result: [LabelSelector.Requirement] = []
    while position < tokens.count {
      result.append(try requirement())
      guard position < tokens.count else { break }
      guard take() == "," else { throw unexpected(tokens[position - 1], "',' or 'end of string'") }
      guard position < tokens.count else { throw unexpected("", "identifier after ','") }
    }
    return result
  }

  private mutating func requirement() throws(APIStatus) -> LabelSelector.Requirement {
    var key = take()
    if key == "!" {
      key = take()
      guard isWord(key) else { throw unexpected(key, "identifier") }
      return .doesNotExist(key)
    }
    guard isWord(key) else { throw unexpected(key, "identifier") }
    guard position < tokens.count, tokens[position] != "," else { return .exists(key) }
    let symbol = take()
    switch symbol {
    case "=", "==": return .isIn(key, [try value()])
    case "!=": return .isNotIn(key, [try value()])
    case "in": return .isIn(key, try values())
    case "notin": return .isNotIn(key, try values())
    default: throw unexpected(symbol, "in, notin, =, ==, !=, gt, lt")
    }
  }

  private mutating func value() throws(APIStatus) -> String {
    guard position < tokens.count, tokens[position] != "," else { return "" }
    let value = take()
    guard isWord(value) else { throw unexpected(value, "identifier") }
    return value
  }

  private mutating func values() throws(APIStatus) -> Set<String> {
    let opening = take()
    guard opening == "(" else { throw unexpected(opening, "'('") }
    var values: Set<String> = []
    while position < tokens.count {
      let value = take()
      if value == ")" { return values }
      if value != "," { values.insert(value) }
    }
    throw unexpected("", "',' or ')'")
  }

  private mutating func take() -> String {
    defer { position += 1 }
    return position < tokens.count ? tokens[position] : ""
  }

  private func isWord(_ token: String) -> Bool {
    !token.isEmpty && token.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
  }

  private func unexpected(_ token: String, _ expected: String) -> APIStatus {
    .badRequest("unable to parse requirement: found '\(token)', expected: \(expected)")
  }
}

/// Which fields an object must have which values in: the few fields that API servers index.
struct FieldSelector: Sendable {
  private struct Requirement: Sendable {
    var field: String
    var value: String
    var isEqual: Bool
    var steps: [String]

    init(field: String, value: String, isEqual: Bool) {
      self.field = field
      self.value = value
      self.isEqual = isEqual
      steps = field.split(separator: ".").map(String.init)
    }
  }

  private var requirements: [Requirement] = []

  var isEmpty: Bool { requirements.isEmpty }

  init() {}

  /// The selector of a query's `fieldSelector`.
  init(query: String, type: ResourceType) throws(APIStatus) {
    for part in query.split(separator: ",") where !part.isEmpty {
      let isEqual = !part.contains("!=")
      let separator = part.contains("!=") ? "!=" : part.contains("==") ? "==" : "="
      guard let range = part.firstRange(of: separator) else {
        throw .badRequest("invalid selector: '\(query)'; can't understand '\(part)'")
      }
      let field = String(part[..<range.lowerBound])
      guard Self.fields(of: type).contains(field) else {
        let names = ["metadata.name", "metadata.namespace"].map { "\"\($0)\"" }.joined(separator: ", ")
        if Self.fields(of: type).count > 2 { throw .badRequest("field label not supported: \(field)") }
        throw .badRequest("\"\(field)\" is not a known field selector: only \(names)")
      }
      requirements.append(
        Requirement(field: field, value: String(part[range.upperBound...]), isEqual: isEqual))
    }
  }

  /// A selector of one object by its name.
  init(name: String) { requirements = [Requirement(field: "metadata.name", value: name, isEqual: true)] }

  /// The only name that can match, where the selector names one.
  var name: String? { requirements.first { $0.field == "metadata.name" && $0.isEqual }?.value }

  func matches(_ object: JSON) -> Bool {
    requirements.allSatisfy { requirement in
      var value = object
      for step in requirement.steps { value = value[step] }
      return ((value.string ?? "") == requirement.value) == requirement.isEqual
    }
  }

  private static func fields(of type: ResourceType) -> [String] {
    let common = ["metadata.name", "metadata.namespace"]
    switch type {
    case .pods:
      return common + [
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
      ]
    case .events:
      return common + [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source.component", "source", "type",
      ]
    case .namespaces: return common + ["status.phase"]
    case .replicaSets: return common + ["status.replicas"]
    case .nodes: return common + ["spec.unschedulable"]
    case .secrets: return common + ["type"]
    default: return common
    }
  }
}
