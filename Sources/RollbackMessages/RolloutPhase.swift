/// What a rollout is at.
public struct RolloutPhase: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let unspecified = RolloutPhase(rawValue: 0)
  /// The Deployment is being patched.
  public static let patching = RolloutPhase(rawValue: 1)
  /// Until the controller has seen the new spec.
  public static let waiting = RolloutPhase(rawValue: 2)
  /// New pods replace old ones.
  public static let rolling = RolloutPhase(rawValue: 3)
  /// All are ready; they must stay so for the soak time.
  public static let soaking = RolloutPhase(rawValue: 4)
  /// The cluster or the database cannot be reached; the rollout itself goes on.
  public static let unreachable = RolloutPhase(rawValue: 5)
  /// The image that ran before is being put back.
  public static let reverting = RolloutPhase(rawValue: 6)
}
