/// What to do with the cluster when the rollout fails.
public struct FailurePolicy: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Keep: the failed rollout stays as it is, and old pods go on serving.
  public static let unspecified = FailurePolicy(rawValue: 0)
  public static let keep = FailurePolicy(rawValue: 1)
  /// Put the image back that ran before.
  public static let revert = FailurePolicy(rawValue: 2)
}
