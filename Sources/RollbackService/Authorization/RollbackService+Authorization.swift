public import RollbackMessages

extension RollbackService {
  /// Lets a call through or refuses it; every denial is audited.
  ///
  /// - Throws: `not_permitted`; `unavailable` while nothing can be done for anybody, but for the question after health.
  func authorize(_ caller: Caller, _ method: RollbackMethod) async throws {
    guard !authorization.permits(caller, method.access) else {
      guard method != .getHealth, let obstacle = dependencies.obstacle else { return }
      throw ServiceError(.unavailable, obstacle)
    }
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

  /// Records a refusal, within the bounds of ``RefusalLedger``; the refusal stands whether or not it can be recorded.
  func auditRefusal(_ refusal: AuditedRefusal) async {
    var refusal = refusal
    refusal.app = refusal.app.cut(toBytes: 253)
    refusal.target = refusal.target.cut(toBytes: 512)
    await refusals.record(refusal)
  }

  /// Runs the body of a call that changes something; what it refuses is audited as `ACTION.refused`.
  func auditingRefusals<Value>(
    _ action: String, app: String, target: String, by author: AuditedAuthor, _ body: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await body()
    } catch let error as ServiceError {
      await auditRefusal(
        AuditedRefusal(
          action: action + ".refused", caller: author.caller, actorID: author.actorID, app: app, target: target,
          error: error, requestID: ""))
      throw error
    }
  }
}

extension String {
  /// At most so many bytes of it, whole characters: what callers send is kept, but not at any length.
  fileprivate func cut(toBytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var scalars = String.UnicodeScalarView()
    var count = 0
    for scalar in unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= limit else { break }
      scalars.append(scalar)
    }
    return String(scalars)
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
