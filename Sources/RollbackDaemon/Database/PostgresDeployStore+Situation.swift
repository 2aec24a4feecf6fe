internal import FoundationEssentials
internal import Postgres
internal import ProtobufC
internal import RollbackMessages
internal import RollbackService

/// What a decision rests on, each part found by an index however many deploys the app has.
extension PostgresDeployStore {
  /// How many of the newest deploys that went live are read at once.
  private static let servedAtOnce = 50

  func situation(of nameOrID: String, naming word: String, requestID: String) async throws -> Situation? {
    try await withDatabaseErrors {
      let newestID = try await self.newestID(of: nameOrID)
      // Together, so that they are on their way at once.
      async let known = self.app(nameOrID)
      async let newest = self.newestServed(of: nameOrID)
      async let current = self.current(of: nameOrID)
      async let named = self.deploys(of: nameOrID, beginningWith: word)
      async let ended = self.newestEnded(of: nameOrID)
      async let running = self.inFlight(of: nameOrID)
      async let earlier = self.deploy(of: nameOrID, requestID: requestID)
      guard let app = try await known else { return nil }
      let served = try await newest
      var deploys = served.deploys
      if let current = try await current, !deploys.contains(where: { $0.id == current.id }) {
        // It counts as running and never served by our records: the platform's own doing.
        deploys.append(current)
        deploys.sort { ($0.createdAt?.microseconds ?? 0) > ($1.createdAt?.microseconds ?? 0) }
      }
      return Situation(
        app: app, newestID: newestID, deploys: deploys, named: try await named, inFlight: try await running,
        sameRequest: try await earlier, rolledBackFrom: served.rolledBackFrom, next: served.next,
        newest: try await ended)
    }
  }

  func served(of app: App, behind position: DeployPosition, limit: Int) async throws -> ServedDeploys {
    try await withDatabaseErrors {
      let rows = try await client.read(
        Self.selectServed(
          where: "d.app_id = $1 AND d.created_at <= $3 AND (d.created_at < $3 OR d.id > $4)", limit: "$2"),
        [
          .uuid(UUID(uuidString: app.id)), .int8(Int64(limit)),
          .timestamptz(PostgresTimestamp(microsecondsSince1970: position.createdAt)),
          .uuid(UUID(uuidString: position.id)),
        ])
      return try Self.served(rows, limit: limit)
    }
  }

  /// One row, by the index of the history; the same order as the guard of ``PostgresOperationStore/begin(_:)``.
  func newestID(of nameOrID: String) async throws -> String {
    let rows = try await client.read(
      """
      SELECT d.id FROM paas_deployments d
      WHERE d.app_id = (SELECT a.id FROM paas_apps a WHERE \(Self.appByNameOrID))
      ORDER BY d.created_at DESC, d.id LIMIT 1
      """, [.text(nameOrID)])
    return try rows.first?.decode(0, as: UUID.self).lowercased ?? ""
  }

  private func newestServed(of nameOrID: String) async throws -> ServedDeploys {
    let rows = try await client.read(
      Self.selectServed(
        where: "d.app_id = (SELECT a.id FROM paas_apps a WHERE \(Self.appByNameOrID))", limit: "$2"),
      [.text(nameOrID), .int8(Int64(Self.servedAtOnce))])
    return try Self.served(rows, limit: Self.servedAtOnce)
  }

  /// The condition of the index paas_deployments_served, on `d`.
  static let isServed = """
    (d.status = 'live' OR (d.status = 'superseded' AND (d.time_to_ready_ms IS NOT NULL OR d.request_id IS NULL)))
    """

  /// Whether what was tried next after `d`, apart from what was cancelled and what has no image, is a rollback that went
  /// live and went back to another deploy than `d`. The first such row ends the search.
  private static let isRolledBackFrom = """
    coalesce((
      SELECT n.rollback_of IS NOT NULL AND n.rollback_of <> d.id AND n.status IN ('live', 'superseded')
        AND (n.status = 'live' OR n.time_to_ready_ms IS NOT NULL OR n.request_id IS NULL)
      FROM paas_deployments n
      WHERE n.app_id = d.app_id AND n.created_at >= d.created_at
        AND (n.created_at > d.created_at OR n.id < d.id)
        AND n.status <> 'cancelled' AND n.image_ref <> '' AND n.image_ref NOT LIKE '%:building'
        AND NOT (n.status = 'superseded' AND n.time_to_ready_ms IS NULL AND n.request_id IS NOT NULL)
      ORDER BY n.created_at, n.id DESC LIMIT 1), false)
    """

  static func selectServed(where condition: String, limit: String) -> String {
    """
    SELECT \(DeployRow.columns), \(isRolledBackFrom)
    FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
    WHERE \(condition) AND \(isServed)
    ORDER BY d.created_at DESC, d.id LIMIT \(limit)
    """
  }

  private static func served(_ rows: PostgresResult, limit: Int) throws -> ServedDeploys {
    var served = ServedDeploys(deploys: [], rolledBackFrom: [], next: nil)
    for row in rows {
      let deploy = try DeployRow.read(row)
      served.deploys.append(deploy)
      if try row.bool(DeployRow.columnCount) { served.rolledBackFrom.insert(deploy.id) }
    }
    if served.deploys.count == limit, let last = served.deploys.last {
      served.next = DeployPosition(createdAt: last.createdAt?.microseconds ?? 0, id: last.id)
    }
    return served
  }

  private func current(of nameOrID: String) async throws -> DeployRecord? {
    try await client.read(
      """
      SELECT \(DeployRow.columns) FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
      WHERE d.app_id = (SELECT a.id FROM paas_apps a WHERE \(Self.appByNameOrID)) AND d.current
      """, [.text(nameOrID)]
    ).first.map { try DeployRow.read($0) }
  }

  /// Nil when what it tried was put back: then it left nothing behind.
  private func newestEnded(of nameOrID: String) async throws -> DeployRecord? {
    try await client.read(
      """
      SELECT \(DeployRow.columns) FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
      WHERE d.id = (
        SELECT n.id FROM paas_deployments n
        WHERE n.app_id = (SELECT a.id FROM paas_apps a WHERE \(Self.appByNameOrID))
          AND n.status NOT IN ('building', 'deploying') AND n.image_ref <> '' AND n.image_ref NOT LIKE '%:building'
        ORDER BY n.created_at DESC, n.id LIMIT 1)
        AND d.outcome IS DISTINCT FROM 'reverted'
      """, [.text(nameOrID)]
    ).first.map { try DeployRow.read($0) }
  }

  /// Those that a beginning of an id names, whatever their age.
  private func deploys(of nameOrID: String, beginningWith word: String) async throws -> [DeployRecord] {
    guard let range = UUIDRange(beginning: word) else { return [] }
    return try await client.read(
      """
      SELECT \(DeployRow.columns) FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
      WHERE d.app_id = (SELECT a.id FROM paas_apps a WHERE \(Self.appByNameOrID)) AND d.id BETWEEN $2 AND $3
      ORDER BY d.id LIMIT 5
      """, [.text(nameOrID), .uuid(range.first), .uuid(range.last)]
    ).map { try DeployRow.read($0) }
  }

  func inFlight(of nameOrID: String) async throws -> InFlight? {
    let rows = try await client.read(
      """
      SELECT \(DeployRow.columns), l.holder_host,
        (extract(epoch FROM clock_timestamp() - d.created_at) * 1000000)::bigint,
        coalesce(d.actor_id, d.operation ->> 'peer', ''), \(DeployRow.newestProgress)
      FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
      LEFT JOIN paas_operation_leases l ON l.deploy_id = d.id
      WHERE d.app_id = (SELECT a.id FROM paas_apps a WHERE \(Self.appByNameOrID))
        AND d.status IN ('building', 'deploying')
      """, [.text(nameOrID)])
    return try rows.first.map { row in
      InFlight(
        deploy: try DeployRow.read(row), host: try row.decode(DeployRow.columnCount, as: String?.self),
        age: .microseconds(try row.int(DeployRow.columnCount + 1)),
        actor: try row.string(DeployRow.columnCount + 2),
        progress: try codec.progress(try row.decode(DeployRow.columnCount + 3, as: [UInt8]?.self)))
    }
  }

  func deploy(of nameOrID: String, requestID: String) async throws -> DeployRecord? {
    guard !requestID.isEmpty else { return nil }
    let rows = try await client.read(
      """
      SELECT \(DeployRow.columns) FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
      WHERE d.app_id = (SELECT a.id FROM paas_apps a WHERE \(Self.appByNameOrID)) AND d.request_id = $2
      """, [.text(nameOrID), .text(requestID)])
    return try rows.first.map { try DeployRow.read($0) }
  }
}
