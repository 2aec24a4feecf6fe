package import Postgres

/// Brings the schema of a database to what this build works with, and says how it compares.
package struct SchemaMigrator: Sendable {
  private let client: PostgresClient
  private let migrations: [SchemaMigration]

  package init(client: PostgresClient, migrations: [SchemaMigration] = SchemaMigration.all) {
    self.client = client
    self.migrations = migrations
  }

  /// How the database compares; changes nothing.
  package func status() async throws -> SchemaStatus {
    try await look().status
  }

  /// The same, and the number of the newest migration that it records; 0 where there is none.
  func look() async throws -> (status: SchemaStatus, newest: Int32) {
    let exists = try await client.read("SELECT to_regclass('paas_rollbackd_schema') IS NOT NULL").first?.bool(0)
    let recorded = exists == true ? try Self.records(in: await client.read(Self.select)) : []
    return (SchemaStatus(recorded: recorded, known: migrations), recorded.last?.number ?? 0)
  }

  /// Applies what is missing, each migration in a transaction of its own, and returns what it applied.
  ///
  /// Several hosts may do so at once: each transaction takes an advisory lock first and looks again. The lock is the
  /// transaction's, so that it cannot outlive its holder and works behind a transaction pooler.
  ///
  /// - Throws: ``SchemaError`` for a schema that is newer than this build or differs from it; `PostgresError` when the
  ///   database refuses a migration, of which nothing then remains.
  package func migrate() async throws -> [SchemaMigration] {
    var applied: [SchemaMigration] = []
    while let migration = try await applyNext() { applied.append(migration) }
    return applied
  }

  /// Applies the first migration that is missing; nil when none is.
  private func applyNext() async throws -> SchemaMigration? {
    try await client.withTransaction { transaction in
      // A migration, and another host's turn, may take longer than anything that serves a caller may.
      try await transaction.execute(
        script: """
          SET LOCAL statement_timeout = 0;
          SET LOCAL lock_timeout = 0;
          SELECT pg_advisory_xact_lock(1886474611, 0);
          CREATE TABLE IF NOT EXISTS paas_rollbackd_schema (
            number     integer PRIMARY KEY,
            name       text NOT NULL,
            checksum   bytea NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
          );
          """)
      let recorded = try Self.records(in: await transaction.query(Self.select))
      let status = SchemaStatus(recorded: recorded, known: migrations)
      switch status {
      case .current: return nil
      case .newer, .altered: throw SchemaError(status: status)
      case .missing, .behind: break
      }
      guard let next = migrations.first(where: { migration in !recorded.contains { $0.number == migration.number } })
      else { return nil }
      try await transaction.execute(script: next.sql)
      try await transaction.query(
        "INSERT INTO paas_rollbackd_schema (number, name, checksum) VALUES ($1, $2, $3)",
        [.int4(next.number), .text(next.name), .bytea(next.checksum)])
      return next
    }
  }

  private static let select = "SELECT number, name, checksum FROM paas_rollbackd_schema ORDER BY number"

  private static func records(in rows: PostgresResult) throws -> [SchemaRecord] {
    try rows.map { SchemaRecord(number: try $0.decode(0), name: try $0.string(1), checksum: try $0.bytes(2)) }
  }
}
