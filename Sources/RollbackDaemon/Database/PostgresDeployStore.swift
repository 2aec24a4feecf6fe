internal import FoundationEssentials
internal import Postgres
internal import ProtobufC
internal import RollbackMessages
internal import RollbackService

/// Apps, deploys and migrations in PostgreSQL.
struct PostgresDeployStore: DeployStore {
  let client: PostgresClient
  /// Who we are in audit rows.
  let host: String
  var codec = ProtobufCodec()
  let environmentKey = EnvironmentKey()
  /// The name of a local user, for the audit.
  var userName: @Sendable (UInt32) -> String? = { _ in nil }

  /// `WHERE` for an app by name or UUID, as parameter 1; each by its index.
  static let appByNameOrID = appByNameOrID("$1")

  /// The same for another parameter. Never more than one app: an id goes before a name that looks like one, which only
  /// another program of the platform can have given.
  static func appByNameOrID(_ parameter: String) -> String {
    """
    a.id = coalesce(
      (SELECT i.id FROM paas_apps i WHERE i.id = CASE
        WHEN \(parameter) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN \(parameter)::uuid END),
      (SELECT n.id FROM paas_apps n WHERE n.name = \(parameter)))
    """
  }

  func app(_ nameOrID: String) async throws -> App? {
    try await withDatabaseErrors {
      let rows = try await client.read(
        "SELECT \(AppRow.columns) FROM paas_apps a WHERE \(Self.appByNameOrID)", [.text(nameOrID)])
      return try rows.first.map { try AppRow.read($0) }
    }
  }

  func apps(after name: String, limit: Int) async throws -> [App] {
    try await withDatabaseErrors {
      try await client.read(
        "SELECT \(AppRow.columns) FROM paas_apps a WHERE a.name > $1 ORDER BY a.name LIMIT $2",
        [.text(name), .int8(Int64(limit))]
      ).map { try AppRow.read($0) }
    }
  }

  func register(_ app: App, by author: AuditedAuthor) async throws -> (app: App, created: Bool) {
    try await withDatabaseErrors {
      let details = RegistrationDetails(
        app: app.name, namespace: app.namespace, deployment: app.deployment, container: app.container,
        peer: AuditedPeer(author.caller, userName: userName(author.caller.userID)), host: host)
      let inserted: PostgresResult
      do {
        // One statement, and so one transaction: the app and its audit row, or neither.
        inserted = try await client.query(
          """
          WITH app AS (
            INSERT INTO paas_apps (name, namespace, deployment, container) VALUES ($1, $2, $3, $4)
            ON CONFLICT (name) DO NOTHING RETURNING *
          ), audit AS (
            INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb)
            SELECT $5, 'app.register', id::text, $6::jsonb || jsonb_build_object('app_id', id) FROM app
          )
          SELECT \(AppRow.columns) FROM app a
          """,
          [
            .text(app.name), .text(app.namespace), .text(app.deployment), .text(app.container), .text(author.actorID),
            .jsonb(try JSONText.encode(details)),
          ])
      } catch let error as PostgresError where error.sqlState == "23505" {
        throw ServiceError(
          .conflict,
          "container \(app.container) of deployment \(app.namespace)/\(app.deployment) is another app's already",
          details: ["namespace": app.namespace, "deployment": app.deployment, "container": app.container])
      }
      if let row = inserted.first { return (try AppRow.read(row), true) }
      guard let known = try await self.app(app.name) else {
        throw ServiceError(.unavailable, "app \(app.name) is being changed by somebody else; try again")
      }
      guard known.namespace == app.namespace, known.deployment == app.deployment, known.container == app.container
      else {
        throw ServiceError(
          .conflict,
          "app \(app.name) is registered as container \(known.container) of deployment "
            + "\(known.namespace)/\(known.deployment)",
          details: ["namespace": known.namespace, "deployment": known.deployment, "container": known.container])
      }
      return (known, false)
    }
  }

  func deploys(
    of app: App, after: DeployPosition?, limit: Int, eligibleOnly: Bool
  ) async throws -> [DeployRecord] {
    try await withDatabaseErrors {
      var sql = """
        SELECT \(DeployRow.columns) FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
        WHERE d.app_id = $1
        """
      var parameters: [PostgresValue] = [.uuid(UUID(uuidString: app.id)), .int8(Int64(limit))]
      if let after {
        // created_at falls and id rises along the index, which row comparison cannot say.
        sql += " AND d.created_at <= $3 AND (d.created_at < $3 OR d.id > $4)"
        parameters += [
          .timestamptz(PostgresTimestamp(microsecondsSince1970: after.createdAt)), .uuid(UUID(uuidString: after.id)),
        ]
      }
      if eligibleOnly {
        sql += """
           AND d.rollbackable AND d.status NOT IN ('building', 'deploying')
           AND (NOT d.current OR \(DeployRow.isOvertaken))
          """
      }
      sql += " ORDER BY d.created_at DESC, d.id LIMIT $2"
      return try await client.read(sql, parameters).map { try DeployRow.read($0) }
    }
  }

  func deploy(_ id: String) async throws -> (app: App, deploy: DeployRecord)? {
    try await withDatabaseErrors {
      let rows = try await client.read(
        """
        SELECT \(AppRow.columns), \(DeployRow.columns) FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id
        WHERE d.id = $1
        """, [.uuid(UUID(uuidString: id))])
      return try rows.first.map { row in
        (try AppRow.read(row), try DeployRow.read(row, from: AppRow.columnCount))
      }
    }
  }

  // MARK: Migrations

  func migrations(of app: App, since deploy: DeployRecord) async throws -> [Migration] {
    try await withDatabaseErrors {
      try await client.read(
        """
        SELECT version, name, applied_at FROM paas_migrations_applied
        WHERE app_id = $1 AND applied_at > $2 ORDER BY applied_at, version LIMIT 1000
        """,
        [
          .uuid(UUID(uuidString: app.id)),
          .timestamptz(deploy.createdAt.map { PostgresTimestamp(microsecondsSince1970: $0.microseconds) }),
        ]
      ).map(Self.migration)
    }
  }

  func migrations(of app: App, after version: String, limit: Int) async throws -> [Migration] {
    try await withDatabaseErrors {
      let rows =
        if version.isEmpty {
          try await client.read(
            """
            SELECT version, name, applied_at FROM paas_migrations_applied
            WHERE app_id = $1 ORDER BY applied_at DESC, version DESC LIMIT $2
            """, [.uuid(UUID(uuidString: app.id)), .int8(Int64(limit))])
        } else {
          try await client.read(
            """
            SELECT m.version, m.name, m.applied_at FROM paas_migrations_applied m
            JOIN paas_migrations_applied last ON last.app_id = m.app_id AND last.version = $3
            WHERE m.app_id = $1 AND (m.applied_at, m.version) < (last.applied_at, last.version)
            ORDER BY m.applied_at DESC, m.version DESC LIMIT $2
            """, [.uuid(UUID(uuidString: app.id)), .int8(Int64(limit)), .text(version)])
        }
      return try rows.map(Self.migration)
    }
  }

  func record(
    _ migration: Migration, of app: App, by author: AuditedAuthor
  ) async throws -> (migration: Migration, created: Bool) {
    try await withDatabaseErrors {
      let details = MigrationDetails(
        appID: app.id, app: app.name, version: migration.version, name: migration.name,
        peer: AuditedPeer(author.caller, userName: userName(author.caller.userID)), host: host)
      let inserted = try await client.query(
        """
        WITH migration AS (
          INSERT INTO paas_migrations_applied (app_id, version, name) VALUES ($1, $2, $3)
          ON CONFLICT (app_id, version) DO NOTHING RETURNING version, name, applied_at
        ), audit AS (
          INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb)
          SELECT $4, 'migration.record', version, $5 FROM migration
        )
        SELECT version, name, applied_at FROM migration
        """,
        [
          .uuid(UUID(uuidString: app.id)), .text(migration.version), .text(migration.name), .text(author.actorID),
          .jsonb(try JSONText.encode(details)),
        ])
      if let row = inserted.first { return (try Self.migration(row), true) }
      let known = try await client.query(
        "SELECT version, name, applied_at FROM paas_migrations_applied WHERE app_id = $1 AND version = $2",
        [.uuid(UUID(uuidString: app.id)), .text(migration.version)])
      return (try known.first.map(Self.migration) ?? migration, false)
    }
  }

  private static func migration(_ row: PostgresRow) throws -> Migration {
    Migration(
      version: try row.string(0), name: try row.string(1), appliedAt: Timestamp(try row.timestamp(2)))
  }
}
