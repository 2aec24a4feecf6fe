internal import Logging
internal import RollbackMessages
internal import RolloutCore

/// An outcome as it is written, and the frame that tells it but for what the database adds.
struct EndedOperation: Sendable {
  var outcome: RecordedOutcome
  var finished: RolloutFinished
}

extension OperationRunner {
  /// What is to be written and told of an outcome.
  func ended(_ outcome: RolloutCore.OperationOutcome, _ course: borrowing OperationCourse) -> EndedOperation {
    let kind = RollbackMessages.RolloutOutcome(outcome.kind)
    let replicas = course.last.map { RolloutWords.replicas($0.replicas) } ?? Replicas()
    let timeToReady = kind == .succeeded ? course.endedAt ?? elapsed : nil
    let warnings = operation.warnings + mismatch(outcome.proof, isReverting: course.isReverting)
    let message = message(outcome, timeToReady: timeToReady)
    return EndedOperation(
      outcome: RecordedOutcome(
        app: operation.app, plan: operation.plan, outcome: kind, message: message, replicas: replicas,
        timeToReady: timeToReady, warnings: warnings, auditDetails: auditDetails(outcome, course)),
      finished: RolloutFinished(
        outcome: kind, message: message, diagnosis: diagnosis(outcome, course), elapsed: elapsed,
        target: OperationTiming.target, warnings: warnings, podsChecked: UInt32(clamping: outcome.proof?.total ?? 0),
        podsVerified: UInt32(clamping: outcome.proof?.verified ?? 0), replicas: replicas,
        leftOn: leftOn(outcome, replicas)))
  }

  /// What was gathered; of a failure that a holder before us saw, its sentence.
  private func diagnosis(
    _ outcome: RolloutCore.OperationOutcome, _ course: borrowing OperationCourse
  ) -> Diagnosis? {
    course.evidence ?? outcome.failure.map(RolloutWords.diagnosis)
  }

  /// What the cluster is left on, by image.
  private func leftOn(_ outcome: RolloutCore.OperationOutcome, _ replicas: Replicas) -> String {
    guard outcome.kind != .succeeded, outcome.kind != .superseded, let remains = outcome.remains else { return "" }
    let plan = operation.plan
    let before = (plan.previousImage ?? "").isEmpty ? "the image that ran before" : "image \(plan.previousImage ?? "")"
    let back = plan.revertImage.map { "image \($0)" } ?? before
    let new = "image \(plan.image)"
    let count =
      replicas.desired == 0
      ? "" : " (\(replicas.updated) of \(replicas.desired) pods have it, \(replicas.available) available)"
    switch remains {
    case .untouched: return "\(before), as before; nothing was changed"
    case .newImage: return "\(new), which the cluster goes on rolling out\(count)"
    case .puttingBack: return "\(back), which the cluster goes on putting back\(count)"
    case .putBack: return "\(back), put back\(count)"
    case .unknown: return "\(before) or \(new): whether the last patch was applied is not known"
    }
  }

  private func message(_ outcome: RolloutCore.OperationOutcome, timeToReady: Duration?) -> String {
    guard let timeToReady else {
      guard outcome.failure != nil, outcome.kind == .failed || outcome.kind == .timedOut,
        let obstacle = operation.plan.revertObstacle
      else { return outcome.sentence }
      return "\(outcome.sentence); not reverted: \(obstacle)"
    }
    var message = "\(operation.app.name) runs \(operation.deploy.imageRef) after \(timeToReady.inSeconds)"
    if let proof = outcome.proof { message += "; image verified on \(proof.verified) of \(proof.total) pods" }
    return message
  }

  private func mismatch(_ proof: ImageProof?, isReverting: Bool) -> [Warning] {
    guard let mismatch = proof?.mismatch else { return [] }
    return [
      Warning(
        code: "image_unverified",
        message: "A pod reports image \(mismatch) where \(digest(isReverting: isReverting) ?? "another") was deployed.")
    ]
  }

  private func auditDetails(
    _ outcome: RolloutCore.OperationOutcome, _ course: borrowing OperationCourse
  ) -> [String: String] {
    var details: [String: String] = [:]
    if outcome.kind == .cancelled, let who = course.cancellation?.by { details["cancelled_by"] = who }
    if let failure = outcome.failure {
      details["cause"] = failure.cause.rawValue
      if let finding = failure.finding {
        if !finding.pod.isEmpty { details["pod"] = finding.pod }
        if !finding.container.isEmpty { details["container"] = finding.container }
        details["pod_reason"] = finding.reason
        if let code = finding.exitCode { details["exit_code"] = "\(code)" }
      }
    }
    if outcome.kind == .reverted, let image = operation.plan.revertImage { details["reverted_to"] = image }
    if let proof = outcome.proof { details["image_verified"] = "\(proof.verified) of \(proof.total) pods" }
    return details
  }
}

extension RollbackMessages.RolloutOutcome {
  init(_ kind: RolloutCore.OperationOutcome.Kind) {
    self =
      switch kind {
      case .succeeded: .succeeded
      case .failed: .failed
      case .superseded: .superseded
      case .cancelled: .cancelled
      case .timedOut: .timedOut
      case .reverted: .reverted
      }
  }
}

extension Duration {
  /// `0.06s` below ten seconds, `26s` from there on.
  var inSeconds: String {
    let hundredths = components.seconds * 100 + components.attoseconds / 10_000_000_000_000_000
    if components.seconds >= 10 { return "\(components.seconds)s" }
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)s"
  }
}
