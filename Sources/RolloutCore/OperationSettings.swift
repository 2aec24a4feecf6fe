/// How an operation is held and how long it is tried.
public struct OperationSettings: Hashable, Sendable {
  /// The length of the lease in the database. Renewed at a third of it; the cluster is not touched any more from four
  /// fifths of it on. Default 15 s.
  public var leaseLength: Duration
  /// How long it is tried to get the patch in, from when it was asked for. Default 5 min.
  public var timeout: Duration
  /// How long who takes it over looks at least what it has come to, also when its time is over. Default 10 s.
  public var look: Duration
  /// How often a patch may meet a conflict before the Deployment counts as changing too fast. Default 5.
  public var maximumConflicts: Int
  /// Whether the image that ran before is put back after a rollout that failed or timed out. Default no.
  public var revertsOnFailure: Bool
  /// How long it is tried to get the patch in that puts it back. Default 5 min.
  public var revertTimeout: Duration

  /// For how long an API server that asks for patience is left alone at most. As in the watches.
  public static let longestRetryAfter = Duration.seconds(60)

  public init(
    leaseLength: Duration = .seconds(15), timeout: Duration = .seconds(300), maximumConflicts: Int = 5,
    revertsOnFailure: Bool = false, revertTimeout: Duration = .seconds(300), look: Duration = .seconds(10)
  ) {
    self.look = look
    self.leaseLength = leaseLength
    self.timeout = timeout
    self.maximumConflicts = maximumConflicts
    self.revertsOnFailure = revertsOnFailure
    self.revertTimeout = revertTimeout
  }
}
