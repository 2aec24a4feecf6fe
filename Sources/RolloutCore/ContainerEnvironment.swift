public import KubernetesObjects

/// A container's environment as its pod template says it.
///
/// The content of ConfigMaps and Secrets is not in it: it is not read, so that no right to read secrets is needed. A key
/// that is taken from a Secret counts by the Secret's name and the key's.
public struct ContainerEnvironment: Hashable, Sendable {
  /// By name, what it is set to or where it comes from: `DB_POOL`, and `secret hello-env` for a whole Secret. What it is
  /// set to may be a secret: never store it, never log it.
  public let entries: [String: String]

  public init(_ container: Container) {
    var entries: [String: String] = [:]
    for source in container.envFrom {
      let suffix = source.prefix.isEmpty ? "" : " as \(source.prefix)*"
      if let secret = source.secretRef { entries["secret \(secret.name)\(suffix)"] = "whole" }
      if let map = source.configMapRef { entries["configmap \(map.name)\(suffix)"] = "whole" }
    }
    // Of several with one name the last counts, as in the container.
    for variable in container.env { entries[variable.name] = Self.content(of: variable) }
    self.entries = entries
  }

  private static func content(of variable: EnvironmentVariable) -> String {
    guard let source = variable.valueFrom else { return "value \(variable.value)" }
    if let secret = source.secretKeyRef { return "secret \(secret.name) \(secret.key)" }
    if let map = source.configMapKeyRef { return "configmap \(map.name) \(map.key)" }
    if let field = source.fieldRef { return "field \(field.fieldPath)" }
    if let resource = source.resourceFieldRef { return "resource \(resource.containerName) \(resource.resource)" }
    return "elsewhere"
  }
}

/// What is kept of a container's environment: names, and a fingerprint of what each is set to.
public struct EnvironmentRecord: Codable, Hashable, Sendable {
  /// By the name of the entry. Equal content of one entry of one app has equal fingerprints; the content cannot be had
  /// back from one.
  public var fingerprints: [String: String]

  public init(fingerprints: [String: String]) {
    self.fingerprints = fingerprints
  }

  /// How many changes are named.
  private static let limit = 50

  /// What is different now, by name: `DB_POOL (changed)`, `NEW_FLAG (added)`, `OLD_FLAG (removed)`.
  public func changes(since earlier: EnvironmentRecord) -> [String] {
    let names = Set(fingerprints.keys).union(earlier.fingerprints.keys).sorted()
    let changes: [String] = names.compactMap { name in
      let shown = name.oneLine(limit: 120)
      return switch (earlier.fingerprints[name], fingerprints[name]) {
      case (nil, .some): "\(shown) (added)"
      case (.some, nil): "\(shown) (removed)"
      case (let before, let now) where before != now: "\(shown) (changed)"
      default: nil
      }
    }
    guard changes.count > Self.limit else { return changes }
    return changes.prefix(Self.limit) + ["\(changes.count - Self.limit) more"]
  }
}
