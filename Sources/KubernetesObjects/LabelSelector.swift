/// Which objects belong to a Deployment or a ReplicaSet, by their labels.
public struct LabelSelector: Codable, Hashable, Sendable {
  public struct Requirement: Codable, Hashable, Sendable {
    public var key: String
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    public var `operator`: String
    public var values: [String]

    public init(key: String, operator: String, values: [String] = []) {
      self.key = key
      self.operator = `operator`
      self.values = values
    }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      key = try fields.value(.key, default: "")
      `operator` = try fields.value(.operator, default: "")
      values = try fields.value(.values, default: [])
    }
  }

  public var matchLabels: [String: String]
  public var matchExpressions: [Requirement]

  public init(matchLabels: [String: String] = [:], matchExpressions: [Requirement] = []) {
    self.matchLabels = matchLabels
    self.matchExpressions = matchExpressions
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    matchLabels = try fields.value(.matchLabels, default: [:])
    matchExpressions = try fields.value(.matchExpressions, default: [])
  }

  /// The selector as the API's `labelSelector` parameter wants it, in a stable order, not yet percent-encoded.
  public var parameter: String {
    let equalities = matchLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let others = matchExpressions.map { requirement in
      switch requirement.operator {
      case "Exists": requirement.key
      case "DoesNotExist": "!\(requirement.key)"
      case "NotIn": "\(requirement.key) notin (\(requirement.values.joined(separator: ",")))"
      default: "\(requirement.key) in (\(requirement.values.joined(separator: ",")))"
      }
    }
    return (equalities + others).joined(separator: ",")
  }

  /// Whether an object with these labels is selected.
  public func matches(_ labels: [String: String]) -> Bool {
    matchLabels.allSatisfy { labels[$0.key] == $0.value }
      && matchExpressions.allSatisfy { requirement in
        let value = labels[requirement.key]
        return switch requirement.operator {
        case "In": value.map(requirement.values.contains) ?? false
        case "NotIn": !(value.map(requirement.values.contains) ?? false)
        case "Exists": value != nil
        case "DoesNotExist": value == nil
        default: false
        }
      }
  }
}
