#if ROLLBACKD_FAILPOINTS
  /// A named place on an operation's way where a test run lets the daemon die, stall or fail.
  ///
  /// They stand before and after each durable step, in the order in which an operation passes them. Only debug builds
  /// have them: the manifest defines `ROLLBACKD_FAILPOINTS` for that configuration, this whole module and every site
  /// stand within that condition, and `scripts/chaos --check-release` shows that a release has no trace of them.
  ///
  /// What happens where is told by `ROLLBACKD_FAILPOINTS` (see ``FailpointPlan``), and at run time by the file that
  /// `ROLLBACKD_FAILPOINTS_FILE` names, which is read anew at each hit. Each fault that fires is first written to the
  /// file of `ROLLBACKD_FAILPOINTS_LOG` and to stderr, so that a run can prove that it happened.
  public enum Failpoint: String, CaseIterable, Sendable {
    /// A Rollback or Deploy request is decoded.
    case requestDecoded = "FP1"
    /// The statement with the intent is about to be sent.
    case beforeIntent = "FP2"
    /// It is on the wire, its commit not answered.
    case intentSent = "FP3"
    /// It is committed, nobody knows yet.
    case intentCommitted = "FP4"
    /// An orphaned operation is claimed, and not begun.
    case claimed = "FP5"
    /// The Deployment is read for the patch.
    case deploymentRead = "FP6"
    /// The patch is decided, none of its bytes have left.
    case beforePatch = "FP7"
    /// The whole patch has left, nothing is answered.
    case patchSent = "FP8"
    /// The patch is answered, nobody knows yet.
    case patchAnswered = "FP9"
    /// In the outcome's transaction, all but its COMMIT.
    case beforeOutcomeCommit = "FP10"
    /// Its COMMIT is on the wire, not answered.
    case outcomeCommitSent = "FP11"
    /// The outcome is committed, nobody knows yet.
    case outcomeCommitted = "FP12"
    /// Something was seen in the cluster while a rollout is waited for.
    case watching = "FP13"
    /// The lease is about to be renewed.
    case leaseRenewal = "FP14"
    /// SIGTERM has come, and operations are being handed over.
    case draining = "FP15"
    /// Everything is handed over and closed, the process is about to end. (No descriptors are stored with systemd.)
    case drained = "FP16"

    /// Which of the points a request that is being sent is to hit once it is on the wire.
    @TaskLocal public static var whenSent: Failpoint?
  }

  /// What a failpoint of action `error` throws.
  public struct FailpointError: Error, CustomStringConvertible {
    public let point: Failpoint
    public var description: String { "failpoint \(point.rawValue) fired" }
  }
#endif
