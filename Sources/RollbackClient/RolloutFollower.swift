internal import RollbackMessages

/// Makes one unbroken sequence of frames out of as many streams as it takes: what to call, which frames are new, and
/// what to do when a stream fails.
struct RolloutFollower: Sendable {
  enum Call: Hashable, Sendable {
    case rollback(RollbackRequest)
    case deploy(DeployRequest)
    case watch(WatchDeployRequest)
  }

  enum FailureAction {
    /// Make the ``call`` (again) after a pause.
    case callAgain(after: Duration)
    case fail(RollbackError)
  }

  private let first: Call
  private let isRequestIDOurs: Bool
  private var recovery: StreamRecovery
  /// Which deploy it is, once that is known.
  private var deployID: String?
  /// The newest frame that was passed on; 0 for none.
  private var lastSeq: UInt64 = 0
  /// The finished frame has been passed on.
  private(set) var isOver = false

  /// - Parameter isRequestIDOurs: the request's id was made for this call, so nobody else can know it.
  init(_ first: Call, isRequestIDOurs: Bool, retry: RetryPolicy) {
    self.first = first
    self.isRequestIDOurs = isRequestIDOurs
    recovery = StreamRecovery(retry)
    if case .watch(let request) = first { deployID = UUIDText.canonical(request.deploy) }
  }

  /// What to call next: the request itself as long as nothing is known of its deploy, then the deploy from the frame
  /// after the last.
  var call: Call {
    guard let deployID else { return first }
    guard case .watch(let request) = first else {
      return .watch(WatchDeployRequest(deploy: deployID, fromSeq: lastSeq + 1))
    }
    return .watch(WatchDeployRequest(deploy: deployID, fromSeq: max(request.fromSeq, lastSeq + 1)))
  }

  /// The call has been made on a connection.
  mutating func called() { recovery.opened() }

  /// A frame came. Returns what to pass on: nil for a repeated one.
  mutating func received(_ frame: RolloutFrame) -> RolloutFrame? {
    guard !isOver, frame.seq > lastSeq || frame.seq == 0 else { return nil }
    var frame = frame
    lastSeq = max(lastSeq, frame.seq)
    recovery.received()
    switch frame.kind {
    case .accepted(var accepted)?:
      deployID = deployID ?? accepted.deploy.flatMap { UUIDText.canonical($0.id) }
      // Whoever was joined is an earlier try of this very call.
      if isRequestIDOurs { accepted.joined = false }
      frame.kind = .accepted(accepted)
    case .finished?: isOver = true
    case .progress?, nil: break
    }
    return frame
  }

  /// The stream came to an end, or there is none.
  mutating func failed(_ failure: StreamFailure) -> FailureAction {
    switch recovery.failed(failure) {
    case .reopen(let delay):
      // Without an id, the newest deploy of an app may be another one by now.
      if case .watch = first, deployID == nil, lastSeq > 0 { return .fail(placed(failure.error)) }
      return .callAgain(after: delay)
    case .giveUp: return .fail(placed(failure.error))
    case .giveUpTrying:
      let wayOut = deployID.map { " The rollout itself goes on: watch deploy \($0) later." } ?? ""
      return .fail(placed(failure.error, wayOut))
    }
  }

  /// Adds where the watching ended.
  private func placed(_ error: RollbackError, _ wayOut: String = "") -> RollbackError {
    guard let deployID else { return error }
    let place = ["deploy_id": deployID, "next_seq": "\(lastSeq + 1)"]
    return RollbackError(
      error.reason, error.message + wayOut, details: error.details.merging(place) { theirs, _ in theirs },
      code: error.code, cause: error.cause)
  }
}
