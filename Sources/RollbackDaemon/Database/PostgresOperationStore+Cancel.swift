internal import FoundationEssentials
internal import Postgres
internal import ProtobufC
internal import RollbackMessages
internal import RollbackService

/// Ends of operations that somebody else than their holder wants.
///
/// The order of locks is everywhere the same: the lease's row, then the deploy's.
extension PostgresOperationStore {
  func requestCancel(_ intent: CancelIntent) async throws -> CancelAnswer {
    let (answer, head) = try await withDatabaseErrors {
      try await client.withTransaction { transaction -> (CancelAnswer, PostgresRow?) in
        let id = PostgresValue.uuid(UUID(uuidString: intent.deployID))
        let lease = try await transaction.query(
          "SELECT holder_host FROM paas_operation_leases WHERE deploy_id = $1 FOR UPDATE", [id])
        let rows = try await transaction.query(
          """
          SELECT \(AppRow.columns), \(DeployRow.columns), d.cancel_requested IS NULL
          FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id WHERE d.id = $1 FOR UPDATE OF d
          """, [id])
        guard let row = rows.first else { return (.unknown, nil) }
        let app = try AppRow.read(row)
        let deploy = try DeployRow.read(row, from: AppRow.columnCount)
        guard !deploy.status.isEnded else { return (.ended(deploy), nil) }
        guard let holder = lease.first else {
          // Another program's: nobody would carry the wish out.
          try await audit(intent.cancellation, deploy, app, peer: intent.peer, replacedBy: nil, transaction)
          let ended = try await endRow(
            deploy, app, intent.cancellation, message: intent.message, intent.lastFrame, transaction)
          return (.endedRow(app, ended.deploy), ended.head)
        }
        if try row.bool(AppRow.columnCount + DeployRow.columnCount) {
          try await audit(intent.cancellation, deploy, app, peer: intent.peer, replacedBy: nil, transaction)
          _ = try await transaction.query(
            "UPDATE paas_deployments SET cancel_requested = $2 WHERE id = $1",
            [id, .jsonb(try JSONText.encode(intent.cancellation))])
        }
        // Also for who asks again: the first notification may have been missed.
        _ = try await transaction.query(
          "SELECT pg_notify('\(SignalChannel.name)', 'cancel ' || $1::text)", [.text(deploy.id)])
        return (.requested(host: try holder.string(0)), nil)
      }
    }
    if let head { try logHead(head, of: intent.deployID, outcome: RolloutOutcome.cancelled.word) }
    return answer
  }

  /// Ends the deploy whose place is taken. Its holder's token is gone with the lease: whatever he still writes hits no
  /// row.
  /// - Returns: id and hash of its outcome's audit row; nil when it has ended by itself.
  func replace(
    _ replacement: Replacement, for intent: OperationIntent, _ transaction: PostgresTransaction
  ) async throws -> PostgresRow? {
    let id = PostgresValue.uuid(UUID(uuidString: replacement.deployID))
    _ = try await transaction.query("DELETE FROM paas_operation_leases WHERE deploy_id = $1", [id])
    let rows = try await transaction.query(
      """
      SELECT \(DeployRow.columns) FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
      WHERE d.id = $1 AND d.status IN ('building', 'deploying') FOR UPDATE OF d
      """, [id])
    guard let row = rows.first else { return nil }
    let deploy = try DeployRow.read(row)
    try await audit(
      replacement.cancellation, deploy, intent.app, peer: intent.peer, replacedBy: intent.deployID, transaction)
    return try await endRow(
      deploy, intent.app, replacement.cancellation, message: replacement.message, replacement.lastFrame, transaction
    ).head
  }

  /// The row of the wish: who, why, and which deploy comes instead.
  private func audit(
    _ cancellation: Cancellation, _ deploy: DeployRecord, _ app: App, peer: Caller, replacedBy: String?,
    _ transaction: PostgresTransaction
  ) async throws {
    let details = CancelDetails(
      appID: app.id, app: app.name, toDeployID: deploy.id, imageRef: deploy.imageRef, status: deploy.status.word,
      reason: cancellation.reason.isEmpty ? nil : cancellation.reason, replacedBy: replacedBy,
      peer: AuditedPeer(peer, userName: userName(peer.userID)), host: host)
    _ = try await transaction.query(
      "INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb) VALUES ($1, $2, $3, $4)",
      [
        .text(cancellation.actorID), .text("deploy.cancel"), .text(deploy.id), .jsonb(try JSONText.encode(details)),
      ])
  }

  /// The outcome of a deploy that its holder does not write: status, audit row and last frame.
  private func endRow(
    _ deploy: DeployRecord, _ app: App, _ cancellation: Cancellation, message: String, _ lastFrame: LastFrame,
    _ transaction: PostgresTransaction
  ) async throws -> (deploy: DeployRecord, head: PostgresRow) {
    let id = PostgresValue.uuid(UUID(uuidString: deploy.id))
    let updated = try await transaction.query(
      """
      UPDATE paas_deployments d SET status = 'cancelled', outcome = 'cancelled', outcome_detail = $2,
        finished_at = clock_timestamp()
      FROM paas_apps a WHERE d.id = $1 AND a.id = d.app_id RETURNING \(DeployRow.columns)
      """, [id, .text(message)])
    guard let row = updated.first else {
      throw ServiceError(.internal, "deploy \(deploy.id) vanished while it was locked")
    }
    let ended = try DeployRow.read(row)
    let isRollback = !deploy.rollbackOf.isEmpty
    let replicas = deploy.replicas ?? Replicas()
    let details = OutcomeDetails(
      appID: app.id, app: app.name, fromDeployID: isRollback ? deploy.rollbackOf : nil, toDeployID: deploy.id,
      imageRef: deploy.imageRef, requestID: deploy.requestID, message: message, timeToReadyMilliseconds: nil,
      targetMet: nil,
      replicas: [
        "desired": replicas.desired, "updated": replicas.updated, "ready": replicas.ready,
        "available": replicas.available,
      ], warnings: [], host: host, facts: ["cancelled_by": cancellation.by])
    let audited = try await transaction.query(
      """
      INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb) VALUES ($1, $2, $3, $4)
      RETURNING id, hash
      """,
      [
        .text(deploy.actorID.isEmpty ? nil : deploy.actorID),
        .text("\(isRollback ? "deploy.rollback" : "deploy.create").cancelled"),
        .text(isRollback ? deploy.rollbackOf : deploy.id), .jsonb(try JSONText.encode(details)),
      ])
    let newest = try await transaction.query(
      "SELECT coalesce(max(seq), 0) FROM paas_rollout_events WHERE deploy_id = $1", [id])
    guard let head = audited.first, let last = try newest.first?.int(0) else {
      throw ServiceError(.internal, "the database answered nothing to the audit row of deploy \(deploy.id)")
    }
    let auditID = try head.decode(0, as: Int64.self)
    // Behind everything that its holder may have shown and not stored.
    let frame = lastFrame(ended, auditID, UInt64(last) + RolloutFeed.takeoverGap)
    _ = try await transaction.query(
      "INSERT INTO paas_rollout_events (deploy_id, seq, kind, payload) VALUES ($1, $2, $3, $4)",
      [id, .int8(Int64(clamping: frame.seq)), .text(frame.kindName), .bytea(try codec.encode(frame))])
    return (ended, head)
  }
}

/// `details_jsonb` of the row that a cancellation leaves.
struct CancelDetails: Encodable {
  var appID: String
  var app: String
  /// The deploy that is to end.
  var toDeployID: String
  var imageRef: String
  /// Its status when it was asked for.
  var status: String
  var reason: String?
  /// The deploy that takes its place, where one does.
  var replacedBy: String?
  var peer: AuditedPeer
  var host: String

  enum CodingKeys: String, CodingKey {
    case appID = "app_id"
    case app
    case toDeployID = "to_deploy_id"
    case imageRef = "image_ref"
    case status, reason
    case replacedBy = "replaced_by"
    case peer, host
  }
}
