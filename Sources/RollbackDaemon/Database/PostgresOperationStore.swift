internal import FoundationEssentials
internal import Postgres
internal import ProtobufC
internal import RollbackMessages
internal import RollbackService

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// Operations in PostgreSQL: intent, lease, frames, outcome, by the protocol of the storage design.
struct PostgresOperationStore: OperationStore {
  let client: PostgresClient
  let deploys: PostgresDeployStore
  let codec: ProtobufCodec
  /// Who we are in leases and audit rows.
  let host: String
  let instance: UUID
  let leaseDuration: Duration
  /// The name of a local user, for the audit.
  let userName: @Sendable (UInt32) -> String?

  // MARK: Leases

  func renew(_ lease: Lease) async throws -> Lease? {
    let askedAt = ContinuousClock.now
    #if ROLLBACKD_FAILPOINTS
      try await Failpoint.leaseRenewal.befall()
    #endif
    return try await withDatabaseErrors {
      let rows = try await client.query(
        """
        UPDATE paas_operation_leases SET expires_at = clock_timestamp() + $3 * interval '1 microsecond'
        WHERE deploy_id = $1 AND fencing_token = $2 RETURNING fencing_token
        """,
        [.uuid(UUID(uuidString: lease.deployID)), .int8(lease.fencingToken), .int8(leaseDuration.wholeMicroseconds)])
      return rows.isEmpty
        ? nil : Lease(deployID: lease.deployID, fencingToken: lease.fencingToken, askedAt: askedAt)
    }
  }

  func release(_ lease: Lease) async throws {
    try await withDatabaseErrors {
      _ = try await client.query(
        "UPDATE paas_operation_leases SET expires_at = clock_timestamp() WHERE deploy_id = $1 AND fencing_token = $2",
        [.uuid(UUID(uuidString: lease.deployID)), .int8(lease.fencingToken)])
    }
  }

  func claimExpired(limit: Int) async throws -> [ClaimedOperation] {
    let askedAt = ContinuousClock.now
    return try await withDatabaseErrors {
      let rows = try await client.query(
        """
        WITH expired AS (
          SELECT l.deploy_id, l.holder_host FROM paas_operation_leases l
          JOIN paas_deployments d ON d.id = l.deploy_id AND d.status = 'deploying'
          WHERE l.expires_at <= clock_timestamp() ORDER BY l.expires_at LIMIT $4 FOR UPDATE OF l SKIP LOCKED
        ), claimed AS (
          UPDATE paas_operation_leases l SET holder_host = $1, holder_instance = $2, acquired_at = clock_timestamp(),
            expires_at = clock_timestamp() + $3 * interval '1 microsecond', fencing_token = l.fencing_token + 1
          FROM expired WHERE l.deploy_id = expired.deploy_id
          RETURNING l.deploy_id, l.fencing_token, expired.holder_host
        )
        SELECT \(AppRow.columns), \(DeployRow.columns), c.fencing_token, c.holder_host, d.operation,
          coalesce((SELECT max(seq) FROM paas_rollout_events e WHERE e.deploy_id = d.id), 0),
          (extract(epoch FROM clock_timestamp() - d.created_at) * 1000000)::bigint
        FROM claimed c JOIN paas_deployments d ON d.id = c.deploy_id JOIN paas_apps a ON a.id = d.app_id
        """, [.text(host), .uuid(instance), .int8(leaseDuration.wholeMicroseconds), .int8(Int64(limit))])
      #if ROLLBACKD_FAILPOINTS
        if !rows.isEmpty { try await Failpoint.claimed.befall() }
      #endif
      return try rows.map { row in
        let deploy = try DeployRow.read(row, from: AppRow.columnCount)
        let next = AppRow.columnCount + DeployRow.columnCount
        return ClaimedOperation(
          app: try AppRow.read(row), deploy: deploy, plan: try JSONText.decode(row.string(next + 2)),
          lease: Lease(deployID: deploy.id, fencingToken: try row.decode(next), askedAt: askedAt),
          previousHost: try row.string(next + 1), lastSequence: UInt64(try row.int(next + 3)),
          age: .microseconds(try row.int(next + 4)))
      }
    }
  }

  func running() async throws -> [RunningOperation] {
    try await withDatabaseErrors {
      try await client.read(
        """
        SELECT d.id, a.name, d.created_at, l.holder_host, d.status FROM paas_deployments d
        JOIN paas_apps a ON a.id = d.app_id LEFT JOIN paas_operation_leases l ON l.deploy_id = d.id
        WHERE d.status IN ('building', 'deploying') ORDER BY d.created_at LIMIT 500
        """, []
      ).map { row in
        RunningOperation(
          deployID: try row.uuid(0).lowercased, app: try row.string(1), since: Timestamp(try row.timestamp(2)),
          host: try row.decode(3, as: String?.self) ?? "", progress: try row.string(4))
      }
    }
  }

  // MARK: Frames

  func append(_ frames: [RolloutFrame], of lease: Lease) async throws {
    try await withDatabaseErrors {
      for frame in frames {
        _ = try await client.query(
          """
          INSERT INTO paas_rollout_events (deploy_id, seq, kind, payload) SELECT $1, $2, $3, $4
          WHERE EXISTS (SELECT FROM paas_operation_leases WHERE deploy_id = $1 AND fencing_token = $5)
          ON CONFLICT DO NOTHING
          """,
          [
            .uuid(UUID(uuidString: lease.deployID)), .int8(Int64(clamping: frame.seq)), .text(frame.kindName),
            .bytea(try codec.encode(frame)), .int8(lease.fencingToken),
          ])
      }
    }
  }

  func frames(of deployID: String, from sequence: UInt64, limit: Int) async throws -> [RolloutFrame] {
    try await withDatabaseErrors {
      try await client.read(
        "SELECT payload FROM paas_rollout_events WHERE deploy_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
        [.uuid(UUID(uuidString: deployID)), .int8(Int64(clamping: sequence)), .int8(Int64(limit))]
      ).map { try codec.decode(RolloutFrame.self, from: $0.bytes(0)) }
    }
  }
}

extension RolloutFrame {
  /// What the `kind` column says.
  var kindName: String {
    switch kind {
    case .accepted: "accepted"
    case .progress: "progress"
    case .finished: "finished"
    case nil: "unknown"
    }
  }
}

extension Duration {
  /// Rounded down.
  var wholeMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
