/// The methods of the service as they are called on the wire.
public enum RollbackMethod: String, Sendable, CaseIterable {
  /// The service's full name.
  public static let service = "rollback.v1.RollbackService"

  case listDeploys = "ListDeploys"
  case planRollback = "PlanRollback"
  case rollback = "Rollback"
  case deploy = "Deploy"
  case watchDeploy = "WatchDeploy"
  case cancelDeploy = "CancelDeploy"
  case auditQuery = "AuditQuery"
  case verifyAudit = "VerifyAudit"
  case getHealth = "GetHealth"
  case registerApp = "RegisterApp"
  case listApps = "ListApps"
  case recordMigration = "RecordMigration"
  case listMigrations = "ListMigrations"
}
