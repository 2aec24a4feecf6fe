internal import KubernetesObjects
internal import Logging
public import RollbackMessages

extension RollbackService {
  /// Between two looks at a deploy that is to end, where no notification comes.
  private static var cancelPace: Duration { .seconds(1) }

  /// Ends a running deploy, on whatever host it runs, and says what the cluster is left on.
  ///
  /// The wish is written down and audited first, so that it is carried out also when the holder, this daemon or the
  /// caller dies; the answer waits for the end. Who else asks meanwhile waits with the first.
  ///
  /// - Throws: `not_found`; `expectation_failed` for a deploy that had ended; `deadline_exceeded` when the end does not
  ///   come in time.
  public func cancelDeploy(_ request: CancelDeployRequest, from caller: Caller) async throws -> CancelDeployResponse {
    try await authorize(caller, .cancelDeploy)
    var actorID: String?
    let id: String
    let host: String
    // Before it is asked for, so that the end is not missed.
    let watch = supervisor.board.watch(.deploy(request.deploy.lowercased()))
    defer { supervisor.board.end(watch) }
    do {
      actorID = try authorization.actor(of: caller, token: request.token, onBehalfOf: request.onBehalfOf)
      id = try RequestCheck.uuid(request.deploy, "deploy")
      try RequestCheck.text(request.reason, "reason", limit: 1024)
      let wish = Cancellation(by: actorID ?? caller.description, actorID: actorID, reason: request.reason)
      switch try await operations.requestCancel(intent(id, wish, caller)) {
      case .unknown:
        throw ServiceError(.notFound, "there is no deploy \(id)", details: ["deploy_id": id])
      case .ended(let deploy): throw endedAlready(deploy)
      case .endedRow(let app, let deploy):
        return CancelDeployResponse(deploy: deploy, leftOn: await imageNow(of: app) ?? Self.untouched)
      case .requested(let holder): host = holder
      }
    } catch let error as ServiceError {
      await auditRefusal(
        AuditedRefusal(
          action: "deploy.cancel.refused", caller: caller, actorID: actorID, app: "",
          target: String(request.deploy.prefix(64)), error: error, requestID: ""))
      throw error
    }
    // Written down: whatever comes now is no refusal.
    supervisor.nudge(id)
    return try await untilEnd(of: id, host: host, watch)
  }

  private func untilEnd(of id: String, host: String, _ watch: SignalWatch) async throws -> CancelDeployResponse {
    let deadline = clock.now.advanced(by: timing.cancelPatience)
    while true {
      guard let (app, deploy) = try await deploys.deploy(id) else {
        throw ServiceError(.notFound, "there is no deploy \(id)", details: ["deploy_id": id])
      }
      if deploy.status.isEnded {
        var leftOn = ""
        if case .finished(let finished)? = try await operations.newestFrame(of: id)?.kind { leftOn = finished.leftOn }
        if leftOn.isEmpty { leftOn = await imageNow(of: app) ?? "" }
        return CancelDeployResponse(deploy: deploy, leftOn: leftOn)
      }
      if supervisor.isStopping {
        throw ServiceError(
          .unavailable,
          "this daemon is stopping; the cancellation of deploy \(id.prefix(8)) is written down and will be carried out",
          details: ["deploy_id": id])
      }
      guard clock.now < deadline else {
        throw ServiceError(
          .deadlineExceeded,
          "deploy \(id.prefix(8)) has not ended within \(timing.cancelPatience.inWholeUnits); its cancellation is "
            + "written down and \(host), or who takes over from it, will carry it out: rollbackctl watch \(id.prefix(8))",
          details: ["deploy_id": id, "host": host])
      }
      await watch.wait(until: min(deadline, clock.now.advanced(by: Self.cancelPace)), clock: clock)
      try Task.checkCancellation()
    }
  }

  private func intent(_ id: String, _ wish: Cancellation, _ caller: Caller) -> CancelIntent {
    let message = "cancelled by \(wish.words); it was another program's, and nothing was changed in the cluster"
    let at = wallClock()
    return CancelIntent(deployID: id, cancellation: wish, peer: caller, message: message) { row, auditID, sequence in
      let finished = RolloutFinished(
        deploy: row, outcome: .cancelled, message: message, target: OperationTiming.target, auditID: auditID,
        replicas: row.replicas, leftOn: Self.untouched)
      return RolloutFrame(seq: sequence, at: at, kind: .finished(finished))
    }
  }

  private static var untouched: String { "what it had; nothing was changed" }

  /// The image in the Deployment's template; nil when it cannot be read.
  private func imageNow(of app: App) async -> String? {
    do {
      let deployment = try await cluster.deployment(app.deployment, in: app.namespace)
      return (deployment?.spec.template.spec.container(named: app.container)?.image).map { "image \($0)" }
    } catch {
      log.debug("the image that a cancelled deploy left could not be read", metadata: ["cause": "\(error)"])
      return nil
    }
  }

  private func endedAlready(_ deploy: DeployRecord) -> ServiceError {
    let at = deploy.finishedAt.map { " at \($0.rfc3339)" } ?? ""
    return ServiceError(
      .expectationFailed,
      "deploy \(deploy.id.prefix(8)) of app \(deploy.app) is not running: it ended\(at) and is \(deploy.status.word); "
        + "rollbackctl rollback \(deploy.app) goes back",
      details: ["deploy_id": deploy.id, "status": deploy.status.word])
  }
}
