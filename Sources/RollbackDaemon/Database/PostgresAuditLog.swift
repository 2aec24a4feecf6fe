internal import Postgres
internal import RollbackMessages
internal import RollbackService

/// The audit trail in PostgreSQL.
struct PostgresAuditLog: AuditLog {
  let client: PostgresClient
  let host: String
  let userName: @Sendable (UInt32) -> String?

  func recordRefusal(_ refusal: AuditedRefusal) async throws {
    let details = RefusalDetails(
      app: refusal.app.isEmpty ? nil : refusal.app, target: refusal.target.isEmpty ? nil : refusal.target,
      reason: refusal.error.reason.rawValue, message: refusal.error.message,
      requestID: refusal.requestID.isEmpty ? nil : refusal.requestID, details: refusal.error.details,
      peer: AuditedPeer(refusal.caller, userName: userName(refusal.caller.userID)), host: host)
    try await withDatabaseErrors {
      _ = try await client.query(
        "INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb) VALUES ($1, $2, $3, $4)",
        [
          .text(refusal.actorID), .text(refusal.action), .text(refusal.target.isEmpty ? nil : refusal.target),
          .jsonb(try JSONText.encode(details)),
        ])
    }
  }

  func verify(expectedHead: [UInt8]?) async throws -> VerifyAuditResponse {
    try await withDatabaseErrors {
      let report = try await AuditChain.verify(client, expectedHead: expectedHead)
      return VerifyAuditResponse(
        intact: report.isIntact, rows: report.rows, unchainedRows: report.unchainedRows, headID: report.headID ?? 0,
        headHash: report.headHash, firstBadID: report.fault?.row ?? 0, problem: report.fault?.problem ?? "")
    }
  }

  func events(matching filter: AuditFilter, limit: Int) async throws -> [AuditEvent] {
    let query = AuditSelection(filter, limit: limit)
    return try await withDatabaseErrors {
      try await client.read(query.sql, query.parameters).map { row in
        AuditEvent(
          id: try row.decode(0), createdAt: Timestamp(try row.timestamp(1)),
          actorID: try row.decode(2, as: String?.self) ?? "", action: try row.string(3),
          targetID: try row.decode(4, as: String?.self) ?? "", detailsJSON: try row.string(5),
          prevHash: try row.decode(6, as: [UInt8]?.self) ?? [], hash: try row.decode(7, as: [UInt8]?.self) ?? [])
      }
    }
  }
}

/// A query for audit events: only the conditions that are asked for, so that each can use its index.
struct AuditSelection {
  private(set) var sql: String
  private(set) var parameters: [PostgresValue] = []

  init(_ filter: AuditFilter, limit: Int) {
    sql = """
      SELECT id::bigint, created_at, actor_id::text, action::text, target_id::text, details_jsonb, prev_hash, hash
      FROM paas_audit_events
      """
    var conditions: [String] = []
    func add(_ condition: (String) -> String, _ value: PostgresValue?) {
      guard let value else { return }
      parameters.append(value)
      conditions.append(condition("$\(parameters.count)"))
    }
    add({ "details_jsonb ->> 'app_id' = \($0)" }, filter.appID.map { .text($0) })
    add({ filter.isActionPrefix ? "starts_with(action, \($0))" : "action = \($0)" }, filter.action.map { .text($0) })
    add({ "actor_id::text = \($0)" }, filter.actorID.map { .text($0) })
    add({ "target_id::text = \($0)" }, filter.targetID.map { .text($0) })
    add({ "created_at >= \($0)" }, filter.since.map { .timestamptz(PostgresTimestamp(microsecondsSince1970: $0)) })
    add({ "created_at < \($0)" }, filter.until.map { .timestamptz(PostgresTimestamp(microsecondsSince1970: $0)) })
    add({ "id < \($0)" }, filter.before.map { .int8($0) })
    add({ "id > \($0)" }, filter.after.map { .int8($0) })
    if !conditions.isEmpty { sql += " WHERE " + conditions.joined(separator: " AND ") }
    parameters.append(.int8(Int64(limit)))
    sql += " ORDER BY id \(filter.after == nil ? "DESC" : "ASC") LIMIT $\(parameters.count)"
  }
}
