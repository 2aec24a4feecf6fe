internal import FoundationEssentials
internal import Logging
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
  let log: Logger
  /// Connections of their own for leases and notifications; nil: those of calls.
  var reserved: PostgresClient?
  var leases: PostgresClient { reserved ?? client }
  let unreadable = UnreadableOperations()

  // MARK: Leases

  func renew(_ lease: Lease) async throws -> Renewal? {
    let askedAt = ContinuousClock.now
    #if ROLLBACKD_FAILPOINTS
      try await Failpoint.leaseRenewal.befall()
    #endif
    return try await withDatabaseErrors {
      let rows = try await leases.query(
        """
        UPDATE paas_operation_leases l SET expires_at = clock_timestamp() + $3 * interval '1 microsecond'
        FROM paas_deployments d
        WHERE l.deploy_id = $1 AND l.fencing_token = $2 AND isfinite(l.expires_at) AND d.id = l.deploy_id
        RETURNING d.cancel_requested
        """,
        [.uuid(UUID(uuidString: lease.deployID)), .int8(lease.fencingToken), .int8(leaseDuration.wholeMicroseconds)])
      return rows.first.map { row in
        Renewal(
          lease: Lease(deployID: lease.deployID, fencingToken: lease.fencingToken, askedAt: askedAt),
          cancellation: cancellation(row, 0, lease.deployID))
      }
    }
  }

  /// A lease that was given away is over for ever, which tells it from one that ran out; no renewal revives it.
  func release(_ lease: Lease) async throws {
    try await withDatabaseErrors {
      _ = try await leases.query(
        """
        WITH released AS (
          UPDATE paas_operation_leases SET expires_at = '-infinity' WHERE deploy_id = $1 AND fencing_token = $2
          RETURNING deploy_id
        )
        SELECT pg_notify('\(SignalChannel.name)', 'released ' || deploy_id) FROM released
        """, [.uuid(UUID(uuidString: lease.deployID)), .int8(lease.fencingToken)])
    }
  }

  func claimExpired(limit: Int, except: [String]) async throws -> [ClaimedOperation] {
    let askedAt = ContinuousClock.now
    return try await withDatabaseErrors {
      let rows = try await client.query(
        """
        WITH expired AS (
          SELECT l.deploy_id, l.holder_host, NOT isfinite(l.expires_at) AS handed_over FROM paas_operation_leases l
          JOIN paas_deployments d ON d.id = l.deploy_id AND d.status = 'deploying'
          WHERE l.expires_at <= clock_timestamp() AND l.deploy_id <> ALL (string_to_array($5, ',')::uuid[])
          ORDER BY l.expires_at LIMIT $4 FOR UPDATE OF l SKIP LOCKED
        ), claimed AS (
          UPDATE paas_operation_leases l SET holder_host = $1, holder_instance = $2, acquired_at = clock_timestamp(),
            expires_at = clock_timestamp() + $3 * interval '1 microsecond', fencing_token = l.fencing_token + 1
          FROM expired WHERE l.deploy_id = expired.deploy_id
          RETURNING l.deploy_id, l.fencing_token, expired.holder_host, expired.handed_over
        )
        SELECT \(AppRow.columns), \(DeployRow.columns), c.fencing_token, c.holder_host, d.operation,
          coalesce((SELECT max(seq) FROM paas_rollout_events e WHERE e.deploy_id = d.id), 0),
          (extract(epoch FROM clock_timestamp() - d.created_at) * 1000000)::bigint,
          c.handed_over, d.revert, d.cancel_requested
        FROM claimed c JOIN paas_deployments d ON d.id = c.deploy_id JOIN paas_apps a ON a.id = d.app_id
        """,
        [
          .text(host), .uuid(instance), .int8(leaseDuration.wholeMicroseconds), .int8(Int64(limit)),
          .text((except + unreadable.known(at: askedAt)).joined(separator: ",")),
        ])
      #if ROLLBACKD_FAILPOINTS
        if !rows.isEmpty { try await Failpoint.claimed.befall() }
      #endif
      var operations: [ClaimedOperation] = []
      for row in rows {
        do {
          operations.append(try claimed(row, askedAt: askedAt))
        } catch {
          await passOver(row, at: askedAt, because: error)
        }
      }
      return operations
    }
  }

  private func claimed(_ row: PostgresRow, askedAt: ContinuousClock.Instant) throws -> ClaimedOperation {
    let deploy = try DeployRow.read(row, from: AppRow.columnCount)
    let next = AppRow.columnCount + DeployRow.columnCount
    return ClaimedOperation(
      app: try AppRow.read(row), deploy: deploy, plan: try JSONText.decode(row.string(next + 2)),
      lease: Lease(deployID: deploy.id, fencingToken: try row.decode(next), askedAt: askedAt),
      previousHost: try row.string(next + 1), lastSequence: UInt64(try row.int(next + 3)),
      age: .microseconds(try row.int(next + 4)), isHandedOver: try row.bool(next + 5),
      revert: try row.decode(next + 6, as: String?.self).map { try JSONText.decode($0) },
      cancellation: cancellation(row, next + 7, deploy.id))
  }

  /// A row that was claimed and cannot be read must not keep the others from being carried out. Another host, of
  /// another version, may have it at once; we leave it alone for a while.
  private func passOver(_ row: PostgresRow, at now: ContinuousClock.Instant, because cause: any Error) async {
    do {
      let id = try row.uuid(AppRow.columnCount).lowercased
      unreadable.add(id, at: now)
      log.error(
        "an operation cannot be taken over because its row cannot be read; cancel it, or put the row right",
        metadata: ["deploy": "\(id)", "cause": "\(cause)"])
      let token: Int64 = try row.decode(AppRow.columnCount + DeployRow.columnCount)
      try await release(Lease(deployID: id, fencingToken: token, askedAt: now))
    } catch {
      log.warning("a lease could not be handed over and will run out", metadata: ["cause": "\(error)"])
    }
  }

  /// A wish that cannot be read is not carried out, and must not keep the lease from being renewed; the log says so.
  private func cancellation(_ row: PostgresRow, _ column: Int, _ deployID: String) -> Cancellation? {
    do {
      return try row.decode(column, as: String?.self).map { try JSONText.decode($0) }
    } catch {
      log.error("a cancellation cannot be read", metadata: ["deploy": "\(deployID)", "cause": "\(error)"])
      return nil
    }
  }

  func running() async throws -> [RunningOperation] {
    try await withDatabaseErrors {
      try await client.read(
        """
        SELECT d.id, a.name, d.created_at, l.holder_host, d.status, \(DeployRow.newestProgress) FROM paas_deployments d
        JOIN paas_apps a ON a.id = d.app_id LEFT JOIN paas_operation_leases l ON l.deploy_id = d.id
        WHERE d.status IN ('building', 'deploying') ORDER BY d.created_at LIMIT 500
        """, []
      ).map { row in
        let progress = try codec.progress(try row.decode(5, as: [UInt8]?.self))
        return RunningOperation(
          deployID: try row.uuid(0).lowercased, app: try row.string(1), since: Timestamp(try row.timestamp(2)),
          host: try row.decode(3, as: String?.self) ?? "", progress: progress.isEmpty ? try row.string(4) : progress)
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

  func newestFrame(of deployID: String) async throws -> RolloutFrame? {
    try await withDatabaseErrors {
      try await client.read(
        "SELECT payload FROM paas_rollout_events WHERE deploy_id = $1 ORDER BY seq DESC LIMIT 1",
        [.uuid(UUID(uuidString: deployID))]
      ).first.map { try codec.decode(RolloutFrame.self, from: $0.bytes(0)) }
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

extension ProtobufCodec {
  /// What a stored progress frame says; empty where there is none.
  func progress(_ payload: [UInt8]?) throws -> String {
    guard let payload, case .progress(let progress)? = try decode(RolloutFrame.self, from: payload).kind else {
      return ""
    }
    return progress.message
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
