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
    _ outcome: RecordedOutcome, of lease: Lease,
    lastFrame: @Sendable (DeployRecord, Int64) -> RolloutFrame
  ) async throws -> RolloutFrame? {
    #if ROLLBACKD_FAILPOINTS
      let written = try await Failpoint.$whenSent.withValue(.outcomeCommitSent) {
        try await settle(outcome, of: lease, lastFrame: lastFrame)
      }
    #else
      let written = try await settle(outcome, of: lease, lastFrame: lastFrame)
    #endif
    guard let written else { return nil }
    // Kept outside the database: rows cut off the end of the chain can be noticed by it alone.
    let (id, hash) = (try written.head.int(0), Hexadecimal.text(of: try written.head.bytes(1)))
    log.notice(
      "audit head",
      metadata: [
        "audit": "\(id)", "hash": "\(hash)", "deploy": "\(lease.deployID)", "outcome": "\(outcome.outcome.word)",
      ])
    return written.frame
  }

  private func settle(
    _ outcome: RecordedOutcome, of lease: Lease,
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
        guard let deploy = try await update(outcome, lease, transaction) else { return nil }
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
        _ = try await transaction.query(
          "INSERT INTO paas_rollout_events (deploy_id, seq, kind, payload) VALUES ($1, $2, $3, $4)",
          [
            .uuid(UUID(uuidString: lease.deployID)), .int8(Int64(clamping: frame.seq)), .text(frame.kindName),
            .bytea(try codec.encode(frame)),
          ])
        _ = try await transaction.query(
          "DELETE FROM paas_operation_leases WHERE deploy_id = $1", [.uuid(UUID(uuidString: lease.deployID))])
        #if ROLLBACKD_FAILPOINTS
          try await Failpoint.beforeOutcomeCommit.befall()
        #endif
        return (frame, head)
      }
    }
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
