public import RollbackMessages

extension RollbackService {
  /// Rolls an app back and sends the frames until it is over.
  ///
  /// When `send` throws, or the task is cancelled, only the watching ends.
  /// - Parameter send: delivers one frame; it may suspend while the caller is slow.
  public func rollback(
    _ request: RollbackRequest, from caller: Caller, send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws {
    try await authorize(caller, .rollback)
    let checked = try await check(
      app: request.app, wish: .rollback(to: request.target), options: request.options, caller: caller)
    try await watch(try await accept(checked), send: send)
  }

  /// Deploys an image forward, by the same path.
  public func deploy(
    _ request: DeployRequest, from caller: Caller, send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws {
    try await authorize(caller, .deploy)
    let checked = try await check(
      app: request.app, wish: .deploy(image: request.image), options: request.options, caller: caller)
    try await watch(try await accept(checked), send: send)
  }

  private func check(
    app: String, wish: RolloutRequest.Wish, options: RolloutOptions?, caller: Caller
  ) async throws -> RolloutRequest {
    var actorID: String?
    do throws(ServiceError) {
      actorID = try authorization.actor(
        of: caller, token: options?.token ?? "", onBehalfOf: options?.onBehalfOf ?? "")
      return try RolloutRequest(
        app: app, wish: wish, options: options, caller: caller, actorID: actorID, timing: timing,
        newRequestID: newUUID)
    } catch {
      let isRollback = if case .rollback = wish { true } else { false }
      await auditRefusal(
        AuditedRefusal(
          action: isRollback ? "deploy.rollback.refused" : "deploy.create.refused", caller: caller, actorID: actorID,
          app: String(app.prefix(253)), target: "", error: error, requestID: ""))
      throw error
    }
  }

  private func watch(
    _ acceptance: Acceptance, send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws {
    switch acceptance {
    case .alreadyCurrent(let finished):
      try await send(RolloutFrame(seq: 1, at: wallClock(), kind: .finished(finished)))
    case .operation(let deployID, let joined):
      try await follow(deployID, from: 1, joined: joined, send: send)
    }
  }
}
