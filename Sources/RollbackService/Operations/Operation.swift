internal import KubernetesObjects
internal import RollbackMessages

/// One deploy that is being carried out on this host.
struct Operation: Sendable {
  var app: App
  var deploy: RollbackMessages.DeployRecord
  var plan: OperationPlan
  var warnings: [Warning]
  var lease: Lease
  /// When it was asked for; for one that was taken over, by the database's word.
  var startedAt: ContinuousClock.Instant
  /// The Deployment as it was just read; nil for one that was taken over.
  var deployment: Deployment?
  let feed: RolloutFeed
  /// The first frame that is not stored yet.
  var firstSequence: UInt64 = 1
  /// Whether another holder began it.
  var isTakeover = false
  /// A holder before us had begun to put the image of before back.
  var revert: RevertRecord?
  /// Somebody wanted it to end before we had it.
  var cancellation: Cancellation?
}
