internal import RollbackMessages

/// Where to go from a rollback that is refused: commands, to be copied.
enum RefusalHints {
  /// The refusal of a plan as a failure, with the ways on.
  static func failure(_ plan: PlanRollbackResponse, app: String, word: String) -> CommandFailure {
    let reason = ErrorReason(rawValue: plan.refusalReason)
    var failure = CommandFailure(reason, plan.refusalMessage, hints: hints(plan, app: app, word: word))
    if reason == .conflict, let inFlight = plan.inFlight {
      failure.details["deploy_id"] = inFlight.id
      if !plan.inFlightHost.isEmpty { failure.details["host"] = plan.inFlightHost }
    }
    return failure
  }

  private static func hints(_ plan: PlanRollbackResponse, app: String, word: String) -> [CommandFailure.Hint] {
    let reason = ErrorReason(rawValue: plan.refusalReason)
    guard reason == .conflict else { return hints(reason, app: app) }
    let target = plan.target.map { shortID($0.id) } ?? word
    let rollback = Invocation(arguments: ["rollback", app] + (target.isEmpty ? [] : [target]))
    guard let inFlight = plan.inFlight else { return [] }
    return ConflictWays(invocation: rollback).hints(inFlight.id)
  }

  static func hints(_ reason: ErrorReason, app: String) -> [CommandFailure.Hint] {
    switch reason {
    case .imageGone, .imageBlocked, .invalidRollbackTarget:
      [.init(label: "see", command: "rollbackctl list \(app) --eligible")]
    case .notFound, .expectationFailed: [.init(label: "see", command: "rollbackctl list \(app)")]
    case .unavailable: [.init(label: "check", command: "rollbackctl health")]
    default: []
    }
  }
}
