/// How long a rollback of an app may take, from the request to ready, by how long its rollouts took.
///
/// The median: one rollout on a cold node, or one that met a full cluster, says little about the next.
public struct RolloutEstimate: Hashable, Sendable {
  public var duration: Duration
  /// How many rollouts it is the median of.
  public var rollouts: Int
  /// Whether they were of the target's image: its layers, its start and its probe.
  public var isSameImage: Bool

  /// How many of the newest successful rollouts are looked at: of the target's image, and of any.
  public static let sameImageLimit = 5
  public static let anyImageLimit = 10

  /// - Parameters: times to ready of successful rollouts, the newest first; those of the target's image count alone
  ///   where there are any.
  /// - Returns: nil without any.
  public init?(sameImage: [Duration], anyImage: [Duration]) {
    isSameImage = !sameImage.isEmpty
    let times = sameImage.isEmpty ? anyImage.prefix(Self.anyImageLimit) : sameImage.prefix(Self.sameImageLimit)
    guard let median = Self.median(Array(times)) else { return nil }
    duration = median
    rollouts = times.count
  }

  /// Of an even number, the mean of the two in the middle.
  private static func median(_ times: [Duration]) -> Duration? {
    guard !times.isEmpty else { return nil }
    let sorted = times.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}
