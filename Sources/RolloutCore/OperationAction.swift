/// What a runner is to do next for an operation.
public enum OperationAction: Hashable, Sendable {
  /// Take the lease by compare-and-set, token + 1, only if it ran out by the *database's* clock, or tell that it was so
  /// taken. Then feed `leaseClaimed`; where another has it, drop the machine.
  case claimLease
  /// Renew it `WHERE fence = …`. Then feed `leaseRenewed`, `leaseLost` or `databaseUnavailable`.
  case renewLease(fence: Int64)
  /// End the lease now, so that another daemon need not wait for it. Nobody waits for the answer.
  case releaseLease(fence: Int64)
  /// GET the Deployment and decide by `ImagePatch.decide`; while the machine is `reverting`, by
  /// `ImagePatch.decideRevert`. Then feed `deploymentRead` or `readFailed`.
  case readDeployment
  /// PATCH it with what was decided. Then feed `patched`, `patchConflict`, `patchUnsent`, `patchUnknown` or
  /// `patchRefused`.
  case patch(ImagePatch)
  /// PATCH it with ``ImagePatch/fence(of:)`` of this patch, which changes nothing but an annotation of ours. Then feed
  /// `fenced`, `patchConflict`, `patchUnsent`, `patchUnknown` or `patchRefused`.
  case fence(ImagePatch)
  /// Wait by a `RolloutVerdict`, whose receipt comes from the PATCH's answer, or from the Deployment just read when
  /// the patch was found applied. Then feed `verdict`.
  case startWaiting
  /// Drop the verdict and what it watches.
  case stopWaiting
  /// Write down, `WHERE status = 'deploying'` and the fencing token, that the image that ran before is put back because
  /// of this failure: intent before effect. Then feed `revertRecorded`, `leaseLost` or `revertUnrecorded`.
  case recordRevert(OperationOutcome, fence: Int64)
  /// In one transaction, `WHERE status = 'deploying'` and the fencing token: deploy row and one audit row. Then feed
  /// `outcomeWritten`, `outcomeSettledElsewhere` or `outcomeUnwritten`.
  case writeOutcome(OperationOutcome, fence: Int64)
  /// Say it in the operation's stream.
  case tell(OperationNotice)
  /// Feed `timer` at this instant; it replaces the one of before.
  case wake(at: ContinuousClock.Instant)
  /// Forget the operation.
  case end(Ending)

  public enum Ending: Hashable, Sendable {
    /// Its outcome is written, by us.
    case settled
    /// Its outcome was there already; read the row for it.
    case settledElsewhere
    /// Another daemon holds it.
    case lost
    /// Given away, because this daemon goes down.
    case handedOver
  }
}

/// Something that the watchers of an operation should know.
public enum OperationNotice: Hashable, Sendable {
  /// This daemon continues what another began.
  case takenOver
  case databaseUnavailable
  case databaseBack
  /// The lease could not be renewed in time: nothing is changed in the cluster until it is ours again.
  case leaseLapsed
  case apiServerUnavailable
  /// The API server is there and asks us to wait so long.
  case apiServerBusy(Duration)
  /// The Deployment changed under our hands; it is read again.
  case patchConflict(attempt: Int)
  /// Whether the patch was applied is not known yet; the Deployment is read to find out.
  case patchUnknown
  /// The patch is in the cluster.
  case patchFoundApplied
  /// The rollout failed, for the reason given, and what ran before is put back.
  case reverting(String)
}
