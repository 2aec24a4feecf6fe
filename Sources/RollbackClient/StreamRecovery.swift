internal import RollbackMessages
internal import TTRPCCore

/// Decides whether a stream that failed is opened again, and when.
struct StreamRecovery: Sendable {
  enum Action {
    /// Open it again after a pause.
    case reopen(after: Duration)
    /// It is of no use: tell the caller.
    case giveUp
    /// It has been tried often enough.
    case giveUpTrying
  }

  private let retry: RetryPolicy
  /// Failures since something new came.
  private var failures = 0
  /// Whether a request may have reached the daemon.
  private var hasOpened = false
  /// Whether anything has come at all.
  private var hasReceived = false

  init(_ retry: RetryPolicy) { self.retry = retry }

  /// The stream was opened on a connection.
  mutating func opened() { hasOpened = true }

  /// Something new came.
  mutating func received() {
    hasReceived = true
    failures = 0
  }

  mutating func failed(_ failure: StreamFailure) -> Action {
    guard isPassing(failure) else { return .giveUp }
    failures += 1
    return retry.delay(before: failures).map(Action.reopen(after:)) ?? .giveUpTrying
  }

  private func isPassing(_ failure: StreamFailure) -> Bool {
    switch failure {
    case .endedEarly: return true
    case .unreachable(let error):
      // A daemon that was there may be restarting; permissions do not come back by themselves.
      return hasOpened && error.reason == .daemonUnreachable && error.details["errno"] != "EACCES"
    case .failed(let error):
      if failure.isOfConnection { return true }
      switch (error.origin, error.code) {
      // A database that is away for a moment is no reason to stop following; at the beginning, the caller is told.
      case (.peer, .unavailable): return hasReceived
      // It was not read in time. The reader is back now.
      case (.here, .resourceExhausted): return hasReceived
      default: return false
      }
    }
  }
}
