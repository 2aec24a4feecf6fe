internal import Logging
internal import RollbackMessages
internal import RolloutCore

extension OperationRunner {
  /// Writes the outcome, however long the database is away, and publishes the last frame.
  func finish(_ conclusion: Conclusion, _ keeper: LeaseKeeper<C>) async -> End {
    let finished = await explain(conclusion)
    let outcome = OperationOutcome(
      app: operation.app, plan: operation.plan, outcome: conclusion.outcome, message: conclusion.message,
      replicas: conclusion.replicas, timeToReady: conclusion.timeToReady, warnings: finished.warnings,
      auditDetails: auditDetails(finished))
    var hasTold = false
    while !Task.isCancelled {
      let sequence = operation.feed.nextSequence
      let at = wallClock()
      do {
        let frame = try await store.finish(outcome, of: keeper.lease) { deploy, auditID in
          var last = finished
          last.deploy = deploy
          last.auditID = auditID
          return RolloutFrame(seq: sequence, at: at, kind: .finished(last))
        }
        guard let frame, case .finished(let last)? = frame.kind else { return .leftToOthers }
        operation.feed.publish(.finished(last), at: at)
        return .finished(last)
      } catch {
        log.warning("the outcome waits for the database", metadata: ["cause": "\(error)"])
        if !hasTold {
          hasTold = true
          tell(.unreachable, "the rollout has ended; its outcome is written as soon as PostgreSQL is back")
        }
        await pause()
      }
    }
    return .leftToOthers
  }

  /// The last frame, but for what the database adds to it.
  private func explain(_ conclusion: Conclusion) async -> RolloutFinished {
    var diagnosis = conclusion.failure.map(RolloutWords.diagnosis)
    for request in conclusion.failure?.logs ?? [] {
      guard let text = await log(request), !text.isEmpty else { continue }
      if request.previous {
        diagnosis?.previousLogTail = text
      } else {
        diagnosis?.logTail = text
      }
    }
    var warnings = operation.warnings
    if let mismatch = conclusion.proof?.mismatch {
      warnings.append(
        Warning(
          code: "image_unverified",
          message: "A pod reports image \(mismatch) where \(operation.deploy.imageDigest) was deployed."))
    }
    return RolloutFinished(
      outcome: conclusion.outcome, message: conclusion.message, diagnosis: diagnosis, elapsed: elapsed,
      target: OperationTiming.target, warnings: warnings,
      podsChecked: UInt32(clamping: conclusion.proof?.total ?? 0),
      podsVerified: UInt32(clamping: conclusion.proof?.verified ?? 0), replicas: conclusion.replicas)
  }

  /// A container's log, unless it takes too long: it helps to understand and must not hold the outcome up.
  private func log(_ request: RolloutFailure.LogRequest) async -> String? {
    await withTaskGroup(of: String?.self) { group in
      group.addTask {
        do {
          return try await cluster.log(
            of: request.pod, container: request.container, in: operation.app.namespace, previous: request.previous,
            lines: request.lines)
        } catch {
          return nil
        }
      }
      group.addTask {
        try? await clock.sleep(until: clock.now.advanced(by: timing.logTimeout), tolerance: nil)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  private func auditDetails(_ finished: RolloutFinished) -> [String: String] {
    var details: [String: String] = [:]
    if let diagnosis = finished.diagnosis {
      if !diagnosis.reason.isEmpty { details["cause"] = diagnosis.reason }
      if !diagnosis.pod.isEmpty { details["pod"] = diagnosis.pod }
      if !diagnosis.container.isEmpty { details["container"] = diagnosis.container }
    }
    if finished.podsChecked > 0 {
      details["image_verified"] = "\(finished.podsVerified) of \(finished.podsChecked) pods"
    }
    return details
  }
}
