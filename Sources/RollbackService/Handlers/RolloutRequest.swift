internal import RollbackMessages

/// A `Rollback` or `Deploy` call, checked as far as it can be without asking anybody.
struct RolloutRequest: Sendable {
  enum Wish: Sendable {
    /// Back to the deploy that the word names; empty: the last known good one.
    case rollback(to: String)
    /// Forward to an image.
    case deploy(image: String)
  }

  var app: String
  var wish: Wish
  var requestID: String
  var reason: String
  var timeout: Duration
  var soak: Duration
  var failFast: Bool
  var requireImageCheck: Bool
  var expectCurrent: String
  /// Put the image back that ran before when the rollout fails.
  var revertsOnFailure: Bool
  /// How long to wait for a deploy that is under way; nil: not at all.
  var waitForLock: Duration?
  /// Cancel the deploy that is under way and take its place.
  var cancelRunning: Bool
  var caller: Caller
  var actorID: String?

  /// `deploy.rollback` or `deploy.create`.
  var action: String {
    switch wish {
    case .rollback: "deploy.rollback"
    case .deploy: "deploy.create"
    }
  }

  /// As the caller named it, for the audit of a refusal.
  var target: String {
    switch wish {
    case .rollback(let word): word
    case .deploy(let image): image
    }
  }

  /// Who calls, in words.
  var by: String { actorID ?? caller.description }

  /// - Throws: `invalid_argument` naming the field.
  init(
    app: String, wish: Wish, options: RolloutOptions?, caller: Caller, actorID: String?, timing: OperationTiming,
    newRequestID: () -> String
  ) throws(ServiceError) {
    let options = options ?? RolloutOptions()
    try RequestCheck.app(app)
    self.app = app
    self.wish = wish
    requestID =
      options.requestID.isEmpty ? newRequestID() : try RequestCheck.uuid(options.requestID, "request_id")
    try RequestCheck.text(options.reason, "reason", limit: 1024)
    reason = options.reason
    try RequestCheck.duration(options.timeout, "timeout", in: .seconds(1)...Duration.seconds(86_400))
    timeout = options.timeout ?? timing.rolloutTimeout
    try RequestCheck.duration(options.soak, "soak", in: .zero...Duration.seconds(3600))
    soak = options.soak ?? timing.soak
    failFast = !options.noFailFast
    requireImageCheck = options.requireImageCheck
    expectCurrent = options.expectCurrent
    revertsOnFailure = options.onFailure == .revert
    try RequestCheck.duration(options.waitForLock, "wait_for_lock", in: .zero...Duration.seconds(3600))
    waitForLock = options.waitForLock
    cancelRunning = options.cancelRunning
    guard waitForLock == nil || !cancelRunning else {
      throw ServiceError(
        .invalidArgument, "wait_for_lock and cancel_running are two ways to deal with a deploy in progress; give one")
    }
    self.caller = caller
    self.actorID = actorID
    try RequestCheck.text(options.expectCurrent, "expect_current", limit: 64)
    switch wish {
    case .rollback(let word): try RequestCheck.text(word, "target", limit: 64)
    case .deploy(let image): try RequestCheck.text(image, "image", limit: 512)
    }
  }
}
