/// What `/version` says.
public struct ServerVersion: Codable, Hashable, Sendable {
  /// For instance `v1.36.2`.
  public var gitVersion: String
  public var platform: String?

  public init(gitVersion: String, platform: String? = nil) {
    self.gitVersion = gitVersion
    self.platform = platform
  }
}
