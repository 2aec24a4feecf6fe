internal import FoundationEssentials
internal import Postgres
internal import RollbackMessages
internal import RollbackService
internal import struct RolloutCore.EnvironmentRecord

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

extension PostgresOperationStore {
  /// One statement, and so one transaction: the deploy row, its lease and its audit row, or none of them; none too when
  /// the app's newest deploy is another one than when it was decided. One that begins meanwhile, and so is not seen here,
  /// is refused by the index of what is under way.
  private static let statement = """
    WITH deploy AS (
      INSERT INTO paas_deployments
        (id, app_id, request_id, image_ref, image_digest, status, actor_id, reason, rollback_of, warnings, operation,
         environment)
      SELECT $1, $2, $3, $4, $5, 'deploying', $6, $7, $8, $9, $10, $17
      WHERE (
        SELECT d.id FROM paas_deployments d WHERE d.app_id = $2 ORDER BY d.created_at DESC, d.id LIMIT 1
      ) IS NOT DISTINCT FROM $18
      RETURNING id, created_at
    ), lease AS (
      INSERT INTO paas_operation_leases (deploy_id, holder_host, holder_instance, expires_at)
      SELECT id, $11, $12, clock_timestamp() + $13 * interval '1 microsecond' FROM deploy
      RETURNING fencing_token
    ), audit AS (
      INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb)
      SELECT $6, $14, $15, $16 FROM deploy
      RETURNING id
    )
    SELECT deploy.created_at, lease.fencing_token, audit.id FROM deploy, lease, audit
    """

  func begin(_ intent: OperationIntent) async throws -> Beginning {
    try await withDatabaseErrors {
      let askedAt = ContinuousClock.now
      do {
        #if ROLLBACKD_FAILPOINTS
          try await Failpoint.beforeIntent.befall()
          let rows = try await Failpoint.$whenSent.withValue(.intentSent) { try await insert(intent) }
          try await Failpoint.intentCommitted.befall()
        #else
          let rows = try await insert(intent)
        #endif
        guard let row = rows.first else { return try await resolve(intent) }
        return .started(
          deploy: record(of: intent, createdAt: Timestamp(try row.timestamp(0))),
          lease: Lease(deployID: intent.deployID, fencingToken: try row.decode(1), askedAt: askedAt),
          auditID: try row.decode(2))
      } catch let error as PostgresError where error.sqlState == "23505" {
        return try await resolve(intent)
      } catch is NothingWritten {
        return try await resolve(intent)
      } catch let error as PostgresError where error.code == .connectionLost || error.code == .commitOutcomeUnknown {
        // It may have been committed: the id tells, for we chose it.
        guard let beginning = try await find(intent, askedAt: askedAt) else { throw error }
        return beginning
      }
    }
  }

  private func insert(_ intent: OperationIntent) async throws -> PostgresResult {
    guard let replacement = intent.replacing else {
      return try await client.query(Self.statement, try parameters(of: intent))
    }
    let (rows, head) = try await client.withTransaction { transaction in
      guard let head = try await replace(replacement, for: intent, transaction) else { throw NothingWritten() }
      let rows = try await transaction.query(Self.statement, try parameters(of: intent))
      // The other one is not ended for nothing.
      guard !rows.isEmpty else { throw NothingWritten() }
      return (rows, head)
    }
    try logHead(head, of: replacement.deployID, outcome: RolloutOutcome.cancelled.word)
    return rows
  }

  /// What the decision rested on is no longer so; the transaction is rolled back.
  private struct NothingWritten: Error {}

  /// Somebody was faster: the same call, or another deploy of the app.
  private func resolve(_ intent: OperationIntent) async throws -> Beginning {
    let app = intent.app.id
    if let earlier = try await deploys.deploy(of: app, requestID: intent.plan.requestID) { return .joined(earlier) }
    if let inFlight = try await deploys.inFlight(of: app) { return .conflict(inFlight) }
    return .decidedTooEarly
  }

  private func find(_ intent: OperationIntent, askedAt: ContinuousClock.Instant) async throws -> Beginning? {
    let rows = try await client.query(
      """
      SELECT d.created_at, l.fencing_token,
        (SELECT max(e.id) FROM paas_audit_events e
          WHERE e.action = $2 AND e.details_jsonb ->> 'app_id' = $3 AND e.details_jsonb ->> 'to_deploy_id' = $4)
      FROM paas_deployments d JOIN paas_operation_leases l ON l.deploy_id = d.id
      WHERE d.id = $1 AND l.holder_instance = $5
      """,
      [
        .uuid(UUID(uuidString: intent.deployID)), .text(intent.plan.action), .text(intent.app.id),
        .text(intent.deployID), .uuid(instance),
      ])
    return try rows.first.map { row in
      .started(
        deploy: record(of: intent, createdAt: Timestamp(try row.timestamp(0))),
        lease: Lease(deployID: intent.deployID, fencingToken: try row.decode(1), askedAt: askedAt),
        auditID: try row.decode(2, as: Int64?.self) ?? 0)
    }
  }

  private func parameters(of intent: OperationIntent) throws -> [PostgresValue] {
    let plan = intent.plan
    let warnings = intent.warnings.map {
      StoredWarning(code: $0.code, message: $0.message, details: $0.details.isEmpty ? nil : $0.details)
    }
    let target = plan.isRollback ? plan.targetDeployID : intent.deployID
    return [
      .uuid(UUID(uuidString: intent.deployID)), .uuid(UUID(uuidString: intent.app.id)), .text(plan.requestID),
      .text(intent.imageRef), .text(intent.imageDigest.isEmpty ? nil : intent.imageDigest), .text(intent.actorID),
      .text(intent.reason.isEmpty ? nil : intent.reason), .uuid(UUID(uuidString: plan.targetDeployID)),
      .jsonb(try JSONText.encode(warnings)), .jsonb(try JSONText.encode(plan)), .text(host), .uuid(instance),
      .int8(leaseDuration.wholeMicroseconds), .text(plan.action), .text(target),
      .jsonb(try JSONText.encode(AuditDetails(intent, host: host, userName: userName(intent.peer.userID)))),
      .jsonb(try intent.environment.map { try JSONText.encode($0.fingerprints) }),
      .uuid(UUID(uuidString: intent.newestKnown)),
    ]
  }

  private func record(of intent: OperationIntent, createdAt: Timestamp) -> DeployRecord {
    DeployRecord(
      id: intent.deployID, app: intent.app.name, imageRef: intent.imageRef, imageDigest: intent.imageDigest,
      status: .deploying, replicas: Replicas(), createdAt: createdAt, actorID: intent.actorID ?? "",
      reason: intent.reason, rollbackOf: intent.plan.targetDeployID, warnings: intent.warnings,
      requestID: intent.plan.requestID)
  }
}
