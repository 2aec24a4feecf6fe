/// Where a deploy stands: building -> deploying -> live -> superseded; or failed, cancelled.
public struct DeployStatus: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let unspecified = DeployStatus(rawValue: 0)
  /// Its image is being built; another program of the platform owns it.
  public static let building = DeployStatus(rawValue: 1)
  /// Its rollout is under way.
  public static let deploying = DeployStatus(rawValue: 2)
  /// Its rollout succeeded and nothing replaced it yet.
  public static let live = DeployStatus(rawValue: 3)
  /// It was live until a later deploy went live, or its rollout was overtaken by one.
  public static let superseded = DeployStatus(rawValue: 4)
  /// Its rollout failed or timed out.
  public static let failed = DeployStatus(rawValue: 5)
  /// Somebody cancelled it.
  public static let cancelled = DeployStatus(rawValue: 6)
}
