/// What happened to an operation: an answer of PostgreSQL or of the API server, the verdict, a wish, or time.
public enum OperationEvent: Sendable {
  typealias Instant = ContinuousClock.Instant

  // The lease.
  /// Our compare-and-set won it. `sentAt` is when the statement was sent.
  case leaseClaimed(fence: Int64, sentAt: ContinuousClock.Instant)
  case leaseRenewed(sentAt: ContinuousClock.Instant)
  /// The renewal hit no row: the token is another's now, or the operation was ended by somebody who took its place.
  case leaseLost
  /// The operation's rows may have been changed by others (a notification says so): the next renewal is due now, and
  /// its answer tells.
  case recordChanged

  // PostgreSQL.
  // Each of these is repeated: all of them are guarded and do nothing twice.
  /// A renewal was not answered, or could not be sent.
  case databaseUnavailable
  /// The record of the revert was not answered, or could not be sent.
  case revertUnrecorded
  /// The outcome was not answered, or could not be sent. A renewal that fails meanwhile says nothing about it.
  case outcomeUnwritten

  // The Deployment.
  case deploymentRead(DeploymentReading)
  /// Unreachable, 5xx, 429: nothing is known. With how long the server asks us to wait.
  case readFailed(retryAfter: Duration? = nil)
  /// The API server took the patch.
  case patched
  /// 409: the Deployment changed since it was read.
  case patchConflict
  /// Sent, but no usable answer: time-out, 504, connection lost, 429. It may be applied. With how long the server
  /// asks us to wait.
  case patchUnknown(retryAfter: Duration? = nil)
  /// It was certainly not applied and may go well later: no credentials could be had, or the server knows them not.
  case patchUnsent
  /// 403, 422 and other answers that will not change by themselves, with what the server said.
  case patchRefused(String)
  /// The fence is in: a patch of ours that may still be under way meets a newer object and is refused.
  case fenced

  /// The rollout's verdict.
  case verdict(RolloutOutcome)

  /// Somebody wants it to end; the text says who, and why. May come any number of times.
  case cancelRequested(by: String)

  /// That the image of before is put back is written down.
  case revertRecorded

  // The outcome.
  case outcomeWritten
  /// No row was hit: the operation has an outcome already, or the token is another's.
  case outcomeSettledElsewhere

  /// The daemon is going down: let another one continue at once.
  case drain
  /// The instant of the newest `wake` has come.
  case timer
}

/// What reading the Deployment showed.
public struct DeploymentReading: Hashable, Sendable {
  public enum Finding: Hashable, Sendable {
    /// By `ImagePatch.decide`.
    case decision(ImagePatch.Decision)
    case refused(ImagePatchRefusal)
    /// 404.
    case missing
  }

  /// Empty when it is missing.
  public var uid: String
  public var finding: Finding

  public init(uid: String, finding: Finding) {
    self.uid = uid
    self.finding = finding
  }
}
