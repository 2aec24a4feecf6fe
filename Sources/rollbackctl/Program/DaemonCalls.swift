internal import RollbackClient
internal import RollbackMessages

/// What the verbs ask of the daemon: the client library as far as this program uses it, so that a scripted one can stand
/// in its place.
///
/// Every call throws ``RollbackClient/RollbackError``; what `each` throws ends a stream and is passed on.
protocol DaemonCalls: Sendable {
  func listDeploys(_ request: ListDeploysRequest) async throws(RollbackError) -> ListDeploysResponse
  func planRollback(_ request: PlanRollbackRequest) async throws(RollbackError) -> PlanRollbackResponse
  func cancelDeploy(_ request: CancelDeployRequest) async throws(RollbackError) -> CancelDeployResponse
  func verifyAudit(_ request: VerifyAuditRequest) async throws(RollbackError) -> VerifyAuditResponse
  func health() async throws(RollbackError) -> GetHealthResponse
  func registerApp(_ request: RegisterAppRequest) async throws(RollbackError) -> RegisterAppResponse
  func listApps(_ request: ListAppsRequest) async throws(RollbackError) -> ListAppsResponse
  func recordMigration(_ request: RecordMigrationRequest) async throws(RollbackError) -> RecordMigrationResponse
  func listMigrations(_ request: ListMigrationsRequest) async throws(RollbackError) -> ListMigrationsResponse

  /// The frames of a rollout up to the finished one.
  func follow(_ rollout: RolloutCall, _ each: (RolloutFrame) async throws -> Void) async throws
  /// The events that match; without an end where the request follows.
  func auditEvents(_ request: AuditQueryRequest, _ each: (AuditEvent) async throws -> Void) async throws
}

/// The calls that are answered by a rollout's frames.
enum RolloutCall: Hashable, Sendable {
  case rollback(RollbackRequest)
  case deploy(DeployRequest)
  case watch(WatchDeployRequest)
}

extension RollbackClient: DaemonCalls {
  func follow(_ rollout: RolloutCall, _ each: (RolloutFrame) async throws -> Void) async throws {
    let frames =
      switch rollout {
      case .rollback(let request): rollback(request)
      case .deploy(let request): deploy(request)
      case .watch(let request): watchDeploy(request)
      }
    for try await frame in frames { try await each(frame) }
  }

  func auditEvents(_ request: AuditQueryRequest, _ each: (AuditEvent) async throws -> Void) async throws {
    for try await event in auditEvents(request) { try await each(event) }
  }
}
