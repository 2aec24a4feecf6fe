public import RollbackMessages
public import struct RolloutCore.EnvironmentRecord

/// What the durable operation needs of the database: intent before effect, leases, frames, one outcome.
public protocol OperationStore: Sendable {
  /// Writes the deploy row, its lease and its audit row in one transaction; where the intent takes another deploy's
  /// place, ends that one in the same transaction, whoever holds it, so that nobody can slip between.
  ///
  /// - Throws: `unavailable` also when the answer to the commit was lost; the same call with the same deploy id then
  ///   finds out what became of it.
  func begin(_ intent: OperationIntent) async throws -> Beginning
  /// Extends the lease; nil when it is no longer ours.
  func renew(_ lease: Lease) async throws -> Renewal?
  /// Gives the lease up at once, so that another host may go on.
  func release(_ lease: Lease) async throws
  /// Takes over operations whose lease has run out or was given away.
  /// - Parameter except: deploys that run here: whoever carries them out renews for himself.
  func claimExpired(limit: Int, except: [String]) async throws -> [ClaimedOperation]
  /// Asks for the end of a deploy, wherever it runs, and audits that.
  func requestCancel(_ intent: CancelIntent) async throws -> CancelAnswer
  /// Writes down that the image of before is put back; false when the lease is no longer ours. May be repeated.
  func recordRevert(_ record: RevertRecord, of lease: Lease) async throws -> Bool
  /// Calls `each` for what others do, until the connection is lost or the task is cancelled.
  func listen(_ each: @escaping @Sendable (OperationSignal) -> Void) async throws
  /// Stores frames, in order; those that are stored already are left as they are. Nothing when the lease is not ours.
  func append(_ frames: [RolloutFrame], of lease: Lease) async throws
  /// The newest stored frame of a deploy; nil when there is none.
  func newestFrame(of deployID: String) async throws -> RolloutFrame?
  /// Stored frames of a deploy from `sequence` on, in order.
  func frames(of deployID: String, from sequence: UInt64, limit: Int) async throws -> [RolloutFrame]
  /// Writes the outcome: status, figures, audit row, the frames that go before it and the last one, and ends the lease,
  /// in one transaction. `lastFrame` is called with the written row and the audit row's id to make the frame that is
  /// stored. The head of the audit chain is logged.
  ///
  /// - Parameter frames: those that are not known to be stored.
  /// - Returns: nil when the lease is no longer ours or the outcome is written already; nothing was changed then, but
  ///   that a lease of ours on a deploy that somebody else ended is gone.
  func finish(
    _ outcome: RecordedOutcome, of lease: Lease, after frames: [RolloutFrame],
    lastFrame: @Sendable (DeployRecord, Int64) -> RolloutFrame
  ) async throws -> RolloutFrame?
  /// Logs the audit chain's hash at an outcome whose COMMIT was not answered, as ``finish`` does it.
  func logHead(at auditID: Int64, of deployID: String, outcome: RolloutOutcome) async throws
  /// Every operation that is under way anywhere.
  func running() async throws -> [RunningOperation]
}

/// A lease on an operation: who acts on it, and the token that fences off who held it before.
public struct Lease: Hashable, Sendable {
  public let deployID: String
  public let fencingToken: Int64
  /// When we asked for it: it runs out no earlier than its length after this.
  public let askedAt: ContinuousClock.Instant

  public init(deployID: String, fencingToken: Int64, askedAt: ContinuousClock.Instant) {
    self.deployID = deployID
    self.fencingToken = fencingToken
    self.askedAt = askedAt
  }
}

/// All that must be known to carry an operation out, here or, after a crash, elsewhere. Stored as JSON.
public struct OperationPlan: Codable, Hashable, Sendable {
  /// With the digest, where it is known: what the container's image becomes.
  public var image: String
  public var requestID: String
  public var isRollback: Bool
  /// Microseconds.
  public var timeout: Int64
  public var soak: Int64
  public var failFast: Bool
  /// What ran before; empty for a first deploy.
  public var fromDeployID: String
  /// The deploy whose image is restored; empty for a forward deploy.
  public var targetDeployID: String
  public var actorID: String?
  /// Who asked, as the kernel said: `root (uid 0)`.
  public var peer: String?
  /// The image in the Deployment's template when the operation began.
  public var previousImage: String?
  /// The image to put back when the rollout fails; nil: it is kept as it is.
  public var revertImage: String?
  /// Why it is kept all the same where it was to be put back, in words.
  public var revertObstacle: String?
  /// The Deployment's uid when the operation began.
  public var deploymentUID: String?
  /// When the image is an index: its platforms' digests, which runtimes may report instead of its own.
  public var platformDigests: [String]?

  public init(
    image: String, requestID: String, isRollback: Bool, timeout: Int64, soak: Int64, failFast: Bool,
    fromDeployID: String, targetDeployID: String, actorID: String?, peer: String? = nil, previousImage: String? = nil,
    revertImage: String? = nil, revertObstacle: String? = nil, deploymentUID: String? = nil,
    platformDigests: [String]? = nil
  ) {
    self.image = image
    self.requestID = requestID
    self.isRollback = isRollback
    self.timeout = timeout
    self.soak = soak
    self.failFast = failFast
    self.fromDeployID = fromDeployID
    self.targetDeployID = targetDeployID
    self.actorID = actorID
    self.peer = peer
    self.previousImage = previousImage
    self.revertImage = revertImage
    self.revertObstacle = revertObstacle
    self.deploymentUID = deploymentUID
    self.platformDigests = platformDigests
  }

  /// `deploy.rollback` or `deploy.create`.
  public var action: String { isRollback ? "deploy.rollback" : "deploy.create" }
}

/// What is about to be done.
public struct OperationIntent: Sendable {
  /// Chosen by us, so that a lost answer can be asked for again.
  public var deployID: String
  public var app: App
  /// As the history shows it.
  public var imageRef: String
  public var imageDigest: String
  public var plan: OperationPlan
  public var actorID: String?
  public var reason: String
  public var warnings: [Warning]
  public var peer: Caller
  /// The app's newest deploy when this was decided, empty for none: where another one has come since, what was decided
  /// may be wrong, and nothing is written.
  public var newestKnown: String
  /// The deploy whose place this one takes.
  public var replacing: Replacement?
  /// Of the container as the template has it now, by names and fingerprints; nil where it is not known.
  public var environment: EnvironmentRecord?

  public init(
    deployID: String, app: App, imageRef: String, imageDigest: String, plan: OperationPlan, actorID: String?,
    reason: String, warnings: [Warning], peer: Caller, newestKnown: String, replacing: Replacement? = nil,
    environment: EnvironmentRecord? = nil
  ) {
    self.newestKnown = newestKnown
    self.deployID = deployID
    self.app = app
    self.imageRef = imageRef
    self.imageDigest = imageDigest
    self.plan = plan
    self.actorID = actorID
    self.reason = reason
    self.warnings = warnings
    self.peer = peer
    self.replacing = replacing
    self.environment = environment
  }
}

/// What became of an intent.
public enum Beginning: Sendable {
  /// It is written; from here on the operation survives us.
  case started(deploy: DeployRecord, lease: Lease, auditID: Int64)
  /// An earlier call with the same request id made this deploy.
  case joined(DeployRecord)
  /// Another deploy of the app is under way.
  case conflict(InFlight)
  /// Another deploy came, or ended, between the look and the writing: look again.
  case decidedTooEarly
}

/// An operation that was taken over from a holder that is gone.
public struct ClaimedOperation: Sendable {
  public var app: App
  public var deploy: DeployRecord
  public var plan: OperationPlan
  public var lease: Lease
  public var previousHost: String
  /// The previous holder gave it away, instead of falling silent.
  public var isHandedOver: Bool
  /// The newest frame that was stored; 0 when there is none.
  public var lastSequence: UInt64
  /// Since it was accepted.
  public var age: Duration
  /// The image of before is being put back.
  public var revert: RevertRecord?
  /// Somebody wants it to end.
  public var cancellation: Cancellation?

  public init(
    app: App, deploy: DeployRecord, plan: OperationPlan, lease: Lease, previousHost: String, lastSequence: UInt64,
    age: Duration, isHandedOver: Bool = false, revert: RevertRecord? = nil, cancellation: Cancellation? = nil
  ) {
    self.app = app
    self.deploy = deploy
    self.plan = plan
    self.lease = lease
    self.previousHost = previousHost
    self.lastSequence = lastSequence
    self.age = age
    self.isHandedOver = isHandedOver
    self.revert = revert
    self.cancellation = cancellation
  }
}

/// How an operation ended, as it is written.
public struct RecordedOutcome: Sendable {
  public var app: App
  public var plan: OperationPlan
  public var outcome: RolloutOutcome
  /// One sentence.
  public var message: String
  public var replicas: Replicas
  /// From the request until all was ready; nil unless it succeeded.
  public var timeToReady: Duration?
  public var warnings: [Warning]
  /// Further facts for the outcome's audit row, by name.
  public var auditDetails: [String: String]

  public init(
    app: App, plan: OperationPlan, outcome: RolloutOutcome, message: String, replicas: Replicas,
    timeToReady: Duration?, warnings: [Warning], auditDetails: [String: String] = [:]
  ) {
    self.app = app
    self.plan = plan
    self.outcome = outcome
    self.message = message
    self.replicas = replicas
    self.timeToReady = timeToReady
    self.warnings = warnings
    self.auditDetails = auditDetails
  }
}
