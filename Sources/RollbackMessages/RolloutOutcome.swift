/// How a rollout ended.
public struct RolloutOutcome: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let unspecified = RolloutOutcome(rawValue: 0)
  public static let succeeded = RolloutOutcome(rawValue: 1)
  public static let failed = RolloutOutcome(rawValue: 2)
  public static let superseded = RolloutOutcome(rawValue: 3)
  public static let cancelled = RolloutOutcome(rawValue: 4)
  /// The deploy's own timeout passed; the cluster may still finish it.
  public static let timedOut = RolloutOutcome(rawValue: 5)
  /// It failed and what ran before was put back.
  public static let reverted = RolloutOutcome(rawValue: 6)
  /// The target's image is what runs: nothing was done, and there is no new deploy.
  public static let alreadyCurrent = RolloutOutcome(rawValue: 7)
}
