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
      repetition: refusal.repetition.map(RepetitionDetails.init),
      peer: AuditedPeer(refusal.caller, userName: userName(refusal.caller.userID)), host: host)
    try await withDatabaseErrors {
      // The app as its caller named it, where there is such an app: so that its refusals are found with it.
      _ = try await client.query(
        """
        INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb)
        SELECT $1, $2, $3, $4::jsonb || coalesce(
          (SELECT jsonb_build_object('app_id', a.id, 'app', a.name) FROM paas_apps a
            WHERE \(PostgresDeployStore.appByNameOrID("$5"))), '{}')
        """,
        [
          .text(refusal.actorID), .text(refusal.action), .text(refusal.target.isEmpty ? nil : refusal.target),
          .jsonb(try JSONText.encode(details)), .text(refusal.app),
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
      // On a connection of its own: reads that share one wait for each other, and a page of a long trail may take long.
      try await client.query(query.sql, query.parameters).map { row in
        AuditEvent(
          id: try row.decode(0), createdAt: Timestamp(try row.timestamp(1)),
          actorID: try row.decode(2, as: String?.self) ?? "", action: try row.string(3),
          targetID: try row.decode(4, as: String?.self) ?? "", detailsJSON: try row.string(5),
          prevHash: try row.decode(6, as: [UInt8]?.self) ?? [], hash: try row.decode(7, as: [UInt8]?.self) ?? [])
      }
    }
  }
}
