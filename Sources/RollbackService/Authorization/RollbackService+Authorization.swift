internal import Logging
public import RollbackMessages

extension RollbackService {
  /// Lets a call through or refuses it; every denial is audited.
  func authorize(_ caller: Caller, _ method: RollbackMethod) async throws {
    guard !authorization.permits(caller, method.access) else { return }
    let error = ServiceError(
      .notPermitted,
      "\(caller.description) may not call \(method.rawValue); it needs \(method.access.rawValue) access"
        + (method.access == .admin ? "" : " (the group rollbackd has it)"),
      details: ["method": method.rawValue, "access": method.access.rawValue])
    await auditRefusal(
      AuditedRefusal(
        action: "access.denied", caller: caller, actorID: authorization.actors[caller.userID], app: "",
        target: method.rawValue, error: error, requestID: ""))
    throw error
  }

  /// Records a refusal; where that fails the refusal stands all the same, and the log has it.
  func auditRefusal(_ refusal: AuditedRefusal) async {
    do {
      try await audit.recordRefusal(refusal)
    } catch {
      log.warning(
        "a refusal could not be audited",
        metadata: ["action": "\(refusal.action)", "reason": "\(refusal.error.reason.rawValue)", "cause": "\(error)"])
    }
  }
}

extension RollbackMethod {
  /// Which class of access the method needs.
  public var access: MethodClass {
    switch self {
    case .listDeploys, .planRollback, .watchDeploy, .auditQuery, .verifyAudit, .getHealth, .listApps, .listMigrations:
      .read
    case .rollback, .deploy, .cancelDeploy: .write
    case .registerApp, .recordMigration: .admin
    }
  }
}
