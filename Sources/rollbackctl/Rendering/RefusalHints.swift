internal import RollbackMessages

/// Where to go from a rollback that is refused: commands, to be copied.
enum RefusalHints {
  static func hints(_ plan: PlanRollbackResponse, app: String, word: String) -> [CommandFailure.Hint] {
    let reason = ErrorReason(rawValue: plan.refusalReason)
    guard reason == .conflict else { return hints(reason, app: app) }
    let target = plan.target.map { " " + shortID($0.id) } ?? (word.isEmpty ? "" : " " + word)
    var hints: [CommandFailure.Hint] = []
    if let inFlight = plan.inFlight {
      hints.append(.init(label: "watch", command: "rollbackctl watch \(shortID(inFlight.id))"))
    }
    hints.append(
      .init(label: "take its place", command: "rollbackctl rollback \(app)\(target) --cancel-running"))
    return hints
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
