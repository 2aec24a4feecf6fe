public import RollbackMessages

/// The wish that an operation end, as it is stored with its deploy row until the holder carries it out.
public struct Cancellation: Codable, Hashable, Sendable {
  /// Who, in words: the platform's subject, or the peer's user such as `root (uid 0)`.
  public var by: String
  public var actorID: String?
  /// Why; may be empty.
  public var reason: String

  public init(by: String, actorID: String?, reason: String) {
    self.by = by
    self.actorID = actorID
    self.reason = reason
  }

  /// `ops@example ("wrong image")`.
  public var words: String { reason.isEmpty ? by : "\(by) (\"\(reason)\")" }
}

/// Makes the last frame of an operation that somebody else ends than its holder: of the row as it is then, the id of
/// the outcome's audit row, and the frame's number.
public typealias LastFrame = @Sendable (DeployRecord, _ auditID: Int64, _ sequence: UInt64) -> RolloutFrame

/// Somebody wants a deploy to end.
public struct CancelIntent: Sendable {
  public var deployID: String
  public var cancellation: Cancellation
  public var peer: Caller
  /// One sentence for the row, should it be another program's.
  public var message: String
  /// For a row that has no holder who could write it.
  public var lastFrame: LastFrame

  public init(
    deployID: String, cancellation: Cancellation, peer: Caller, message: String, lastFrame: @escaping LastFrame
  ) {
    self.deployID = deployID
    self.cancellation = cancellation
    self.peer = peer
    self.message = message
    self.lastFrame = lastFrame
  }
}

/// What became of a cancellation.
public enum CancelAnswer: Sendable {
  /// There is no such deploy.
  case unknown
  /// It had ended before; nothing was written.
  case ended(DeployRecord)
  /// It is written down, now or by somebody before, and its holder is notified.
  case requested(host: String)
  /// It was another program's row, without a lease: it is ended, and both audit rows are written.
  case endedRow(App, DeployRecord)
}

/// The deploy whose place an intent takes.
public struct Replacement: Sendable {
  /// The deploy that is under way by what the caller was shown; another one is a conflict.
  public var deployID: String
  public var cancellation: Cancellation
  /// One sentence on how the replaced deploy ended.
  public var message: String
  public var lastFrame: LastFrame

  public init(
    deployID: String, cancellation: Cancellation, message: String, lastFrame: @escaping LastFrame
  ) {
    self.deployID = deployID
    self.cancellation = cancellation
    self.message = message
    self.lastFrame = lastFrame
  }
}

/// That the image of before is put back, and why: written down before anything is patched for it.
public struct RevertRecord: Codable, Hashable, Sendable {
  /// `failed` or `timed_out`.
  public var kind: String
  /// Why the rollout failed.
  public var sentence: String
  public var cause: String
  /// The image that failed, as the template has it.
  public var failedImage: String

  public init(kind: String, sentence: String, cause: String, failedImage: String) {
    self.kind = kind
    self.sentence = sentence
    self.cause = cause
    self.failedImage = failedImage
  }
}

/// A lease that was extended, with what else its row had to tell.
public struct Renewal: Hashable, Sendable {
  public var lease: Lease
  /// Somebody wants the operation to end.
  public var cancellation: Cancellation?

  public init(lease: Lease, cancellation: Cancellation? = nil) {
    self.lease = lease
    self.cancellation = cancellation
  }
}

/// Something that another daemon, or another program, did to the store's rows. A hint to look there, never the fact.
public enum OperationSignal: Hashable, Sendable {
  /// Signals can be heard from now on; what came before has to be looked for.
  case listening
  case cancelRequested(deployID: String)
  /// A holder gave the lease away.
  case released(deployID: String)
  case ended(deployID: String, appID: String)
}
