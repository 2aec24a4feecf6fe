public import RollbackMessages
internal import TTRPC
internal import TTRPCCore

extension RollbackClient {
  /// One page of an app's history, newest first.
  public func listDeploys(_ request: ListDeploysRequest) async throws(RollbackError) -> ListDeploysResponse {
    try await call(methods.listDeploys, request)
  }

  /// What a rollback would do. Changes nothing.
  public func planRollback(_ request: PlanRollbackRequest) async throws(RollbackError) -> PlanRollbackResponse {
    try await call(methods.planRollback, request)
  }

  /// Stops a running deploy. Not repeated by itself: after `connection_lost` look at the deploy.
  public func cancelDeploy(_ request: CancelDeployRequest) async throws(RollbackError) -> CancelDeployResponse {
    try await call(methods.cancelDeploy, request, mayRepeat: false)
  }

  /// Recomputes the audit trail's hash chain. Takes as long as the trail is; cancel the task to give up.
  public func verifyAudit(
    _ request: VerifyAuditRequest = VerifyAuditRequest()
  ) async throws(RollbackError) -> VerifyAuditResponse {
    try await call(methods.verifyAudit, request, timeout: nil)
  }

  /// How the daemon and what it depends on are.
  public func health() async throws(RollbackError) -> GetHealthResponse {
    try await call(methods.getHealth, GetHealthRequest())
  }

  /// Makes an app known. Not repeated by itself, though repeating it is harmless.
  public func registerApp(_ request: RegisterAppRequest) async throws(RollbackError) -> RegisterAppResponse {
    try await call(methods.registerApp, request, mayRepeat: false)
  }

  /// One page of the apps, by name.
  public func listApps(_ request: ListAppsRequest = ListAppsRequest()) async throws(RollbackError) -> ListAppsResponse {
    try await call(methods.listApps, request)
  }

  /// Notes a migration. Not repeated by itself, though repeating it is harmless.
  public func recordMigration(
    _ request: RecordMigrationRequest
  ) async throws(RollbackError) -> RecordMigrationResponse {
    try await call(methods.recordMigration, request, mayRepeat: false)
  }

  /// One page of an app's migrations, newest first.
  public func listMigrations(
    _ request: ListMigrationsRequest
  ) async throws(RollbackError) -> ListMigrationsResponse {
    try await call(methods.listMigrations, request)
  }

  private func call<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ request: Request, mayRepeat: Bool = true
  ) async throws(RollbackError) -> Reply {
    try await call(rpc, request, timeout: configuration.callTimeout, mayRepeat: mayRepeat)
  }

  private func call<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ request: Request, timeout: Duration?, mayRepeat: Bool = true
  ) async throws(RollbackError) -> Reply {
    try await onConnection(mayRepeat: mayRepeat) { (connection) async throws(RPCError) in
      try await connection.call(rpc, request, CallOptions(timeout: timeout))
    }
  }

  /// Runs `body` on the connection, and once more on a new one where the first turned out to be of no use.
  ///
  /// - Parameter mayRepeat: whether `body` may run again although it may have had its effect.
  func onConnection<Reply>(
    mayRepeat: Bool, _ body: (TTRPCClient) async throws(RPCError) -> Reply
  ) async throws(RollbackError) -> Reply {
    let first = try await session.connection()
    do throws(RPCError) {
      return try await body(first)
    } catch {
      guard error.wasNotRun || mayRepeat && error.isOfConnection else { throw RollbackError(error) }
    }
    let second = try await session.connection(replacing: first)
    do throws(RPCError) {
      return try await body(second)
    } catch {
      throw RollbackError(error)
    }
  }
}

extension RPCError {
  /// Nothing of the call was carried out, and another connection may have better luck: the connection was gone before,
  /// or the server is leaving and did not begin it, which its transport says without a reason.
  var wasNotRun: Bool { origin == .unsent || origin == .peer && code == .unavailable && status.info == nil }

  /// The server was leaving and gave the call up after it had begun.
  var wasGivenUp: Bool { origin == .peer && status.info.map { $0 == RPCStatus.givenUp.info } ?? false }

  /// Whether another connection may have better luck, though the call may have been carried out.
  var isOfConnection: Bool { isConnectionLoss || wasNotRun || wasGivenUp }
}
