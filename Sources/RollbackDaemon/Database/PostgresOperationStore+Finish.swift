internal import FoundationEssentials
internal import Logging
internal import Postgres
internal import ProtobufC
internal import RollbackMessages
internal import RollbackService

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

extension PostgresOperationStore {
  func finish(
    _ outcome: RecordedOutcome, of lease: Lease, after frames: [RolloutFrame],
    lastFrame: @Sendable (DeployRecord, Int64) -> RolloutFrame
  ) async throws -> RolloutFrame? {
    let written: (frame: RolloutFrame, head: PostgresRow)?
    do {
      #if ROLLBACKD_FAILPOINTS
        written = try await Failpoint.$whenSent.withValue(.outcomeCommitSent) {
          try await settle(outcome, of: lease, after: frames, lastFrame: lastFrame)
        }
      #else
        written = try await settle(outcome, of: lease, after: frames, lastFrame: lastFrame)
      #endif
    } catch is EndedByOthers {
      // There is nothing left to hold.
      _ = try await withDatabaseErrors {
        try await client.query(
          "DELETE FROM paas_operation_leases WHERE deploy_id = $1 AND fencing_token = $2",
          [.uuid(UUID(uuidString: lease.deployID)), .int8(lease.fencingToken)])
      }
      return nil
    }
    guard let written else { return nil }
    try logHead(written.head, of: lease.deployID, outcome: outcome.outcome.word)
    return written.frame
  }

  /// Another program ended the row, past the lease; the transaction is rolled back.
  private struct EndedByOthers: Error {}

  func logHead(at auditID: Int64, of deployID: String, outcome: RolloutOutcome) async throws {
    let rows = try await withDatabaseErrors {
      try await client.read("SELECT id, hash FROM paas_audit_events WHERE id = $1", [.int8(auditID)])
    }
    if let row = rows.first { try logHead(row, of: deployID, outcome: outcome.word) }
  }

  /// Kept outside the database: rows cut off the end of the chain can be noticed by it alone.
  /// - Parameter head: id and hash of an outcome's audit row.
  func logHead(_ head: PostgresRow, of deployID: String, outcome: String) throws {
    let (id, hash) = (try head.int(0), Hexadecimal.text(of: try head.bytes(1)))
    log.notice(
      "audit head",
      metadata: ["audit": "\(id)", "hash": "\(hash)", "deploy": "\(deployID)", "outcome": "\(outcome)"])
  }

  private func settle(
    _ outcome: RecordedOutcome, of lease: Lease, after frames: [RolloutFrame],
    lastFrame: @Sendable (DeployRecord, Int64) -> RolloutFrame
  ) async throws -> (frame: RolloutFrame, head: PostgresRow)? {
    try await withDatabaseErrors {
      try await client.withTransaction { transaction in
        // The lease row is locked first: a takeover either came before, and then this finds nothing, or waits.
        let held = try await transaction.query(
          "SELECT FROM paas_operation_leases WHERE deploy_id = $1 AND fencing_token = $2 FOR UPDATE",
          [.uuid(UUID(uuidString: lease.deployID)), .int8(lease.fencingToken)])
        guard !held.isEmpty else { return nil }
        if outcome.outcome == .succeeded {
          _ = try await transaction.query(
            """
            UPDATE paas_deployments SET current = false,
              status = CASE WHEN status = 'live' THEN 'superseded' ELSE status END
            WHERE app_id = $1 AND current AND id <> $2
            """, [.uuid(UUID(uuidString: outcome.app.id)), .uuid(UUID(uuidString: lease.deployID))])
        }
        guard let deploy = try await update(outcome, lease, transaction) else { throw EndedByOthers() }
        let audited = try await transaction.query(
          """
          INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb) VALUES ($1, $2, $3, $4)
          RETURNING id, hash
          """,
          [
            .text(outcome.plan.actorID), .text("\(outcome.plan.action).\(outcome.outcome.word)"),
            .text(outcome.plan.isRollback ? outcome.plan.targetDeployID : lease.deployID),
            .jsonb(try JSONText.encode(details(outcome, deploy))),
          ])
        guard let head = audited.first else {
          throw ServiceError(.internal, "the database answered nothing to the audit row of deploy \(lease.deployID)")
        }
        let frame = lastFrame(deploy, try head.decode(0))
        // Who stores them one by one may be at them at the same time.
        for held in frames {
          try await insert(held, of: lease.deployID, transaction, otherwise: "ON CONFLICT DO NOTHING")
        }
        try await insert(frame, of: lease.deployID, transaction)
        _ = try await transaction.query(
          "DELETE FROM paas_operation_leases WHERE deploy_id = $1", [.uuid(UUID(uuidString: lease.deployID))])
        #if ROLLBACKD_FAILPOINTS
          try await Failpoint.beforeOutcomeCommit.befall()
        #endif
        return (frame, head)
      }
    }
  }

  private func insert(
    _ frame: RolloutFrame, of deployID: String, _ transaction: PostgresTransaction, otherwise: String = ""
  ) async throws {
    _ = try await transaction.query(
      "INSERT INTO paas_rollout_events (deploy_id, seq, kind, payload) VALUES ($1, $2, $3, $4) \(otherwise)",
      [
        .uuid(UUID(uuidString: deployID)), .int8(Int64(clamping: frame.seq)), .text(frame.kindName),
        .bytea(try codec.encode(frame)),
      ])
  }

  private func update(
    _ outcome: RecordedOutcome, _ lease: Lease, _ transaction: PostgresTransaction
  ) async throws -> DeployRecord? {
    let status: DeployStatus =
      switch outcome.outcome {
      case .succeeded: .live
      case .superseded: .superseded
      case .cancelled: .cancelled
      default: .failed
      }
    let warnings = outcome.warnings.map {
      StoredWarning(code: $0.code, message: $0.message, details: $0.details.isEmpty ? nil : $0.details)
    }
    let rows = try await transaction.query(
      """
      UPDATE paas_deployments d SET status = $2, outcome = $3, outcome_detail = $4, replicas_desired = $5,
        replicas_updated = $6, replicas_ready = $7, replicas_available = $8, finished_at = clock_timestamp(),
        time_to_ready_ms = $9, current = $10, warnings = $11
      FROM paas_apps a WHERE d.id = $1 AND d.status = 'deploying' AND a.id = d.app_id
      RETURNING \(DeployRow.columns)
      """,
      [
        .uuid(UUID(uuidString: lease.deployID)), .text(status.word), .text(outcome.outcome.word),
        .text(outcome.message), .int4(Int32(clamping: outcome.replicas.desired)),
        .int4(Int32(clamping: outcome.replicas.updated)), .int4(Int32(clamping: outcome.replicas.ready)),
        .int4(Int32(clamping: outcome.replicas.available)),
        .int8(outcome.timeToReady.map { $0.wholeMicroseconds / 1000 }),
        .bool(outcome.outcome == .succeeded), .jsonb(try JSONText.encode(warnings)),
      ])
    return try rows.first.map { try DeployRow.read($0) }
  }

  private func details(_ outcome: RecordedOutcome, _ deploy: DeployRecord) -> OutcomeDetails {
    OutcomeDetails(
      appID: outcome.app.id, app: outcome.app.name,
      fromDeployID: outcome.plan.isRollback ? outcome.plan.targetDeployID : nil, toDeployID: deploy.id,
      imageRef: deploy.imageRef, requestID: outcome.plan.requestID, message: outcome.message,
      timeToReadyMilliseconds: outcome.timeToReady.map { $0.wholeMicroseconds / 1000 },
      targetMet: outcome.timeToReady.map { $0 <= OperationTiming.target },
      replicas: [
        "desired": outcome.replicas.desired, "updated": outcome.replicas.updated, "ready": outcome.replicas.ready,
        "available": outcome.replicas.available,
      ],
      warnings: outcome.warnings.map { StoredWarning(code: $0.code, message: $0.message, details: $0.details) },
      host: host, facts: outcome.auditDetails)
  }
}
