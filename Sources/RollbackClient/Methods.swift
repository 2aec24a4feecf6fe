internal import ProtobufC
internal import RollbackMessages
internal import TTRPC
internal import TTRPCCore

/// The service's methods, as a client calls them.
struct Methods: Sendable {
  let listDeploys: RPC<ListDeploysRequest, ListDeploysResponse>
  let planRollback: RPC<PlanRollbackRequest, PlanRollbackResponse>
  let rollback: RPC<RollbackRequest, RolloutFrame>
  let deploy: RPC<DeployRequest, RolloutFrame>
  let watchDeploy: RPC<WatchDeployRequest, RolloutFrame>
  let cancelDeploy: RPC<CancelDeployRequest, CancelDeployResponse>
  let auditQuery: RPC<AuditQueryRequest, AuditPage>
  let verifyAudit: RPC<VerifyAuditRequest, VerifyAuditResponse>
  let getHealth: RPC<GetHealthRequest, GetHealthResponse>
  let registerApp: RPC<RegisterAppRequest, RegisterAppResponse>
  let listApps: RPC<ListAppsRequest, ListAppsResponse>
  let recordMigration: RPC<RecordMigrationRequest, RecordMigrationResponse>
  let listMigrations: RPC<ListMigrationsRequest, ListMigrationsResponse>

  init(_ codec: ProtobufCodec) {
    listDeploys = .unary(.listDeploys, codec)
    planRollback = .unary(.planRollback, codec)
    rollback = .serverStream(.rollback, codec)
    deploy = .serverStream(.deploy, codec)
    watchDeploy = .serverStream(.watchDeploy, codec)
    cancelDeploy = .unary(.cancelDeploy, codec)
    auditQuery = .serverStream(.auditQuery, codec)
    verifyAudit = .unary(.verifyAudit, codec)
    getHealth = .unary(.getHealth, codec)
    registerApp = .unary(.registerApp, codec)
    listApps = .unary(.listApps, codec)
    recordMigration = .unary(.recordMigration, codec)
    listMigrations = .unary(.listMigrations, codec)
  }
}

extension RPC where Request: ProtobufMessage, Reply: ProtobufMessage {
  fileprivate static func unary(_ method: RollbackMethod, _ codec: ProtobufCodec) -> RPC {
    RPC(
      RollbackMethod.service, method.rawValue, .unary, request: .protobuf(codec),
      reply: .protobuf(codec))
  }

  fileprivate static func serverStream(_ method: RollbackMethod, _ codec: ProtobufCodec) -> RPC {
    RPC(
      RollbackMethod.service, method.rawValue, .serverStream, request: .protobuf(codec),
      reply: .protobuf(codec))
  }
}
