import Postgres
import RollbackDaemon
import DevServices
import RollbackTestKit
import Testing

@Suite("Migrations", .timeLimit(.minutes(1)))
struct MigratorTests {
  @Test func anEmptyDatabaseIsMissingTheSchemaAndSaysWhatToRun() async throws {
    try await withDatabase(migrated: false) { client, _ in
      let status = try await SchemaMigrator(client: client).status()
      #expect(status == .missing)
      #expect(status.problem?.contains("rollbackd migrate") == true)
    }
  }

  @Test func migratingTwiceDoesItOnce() async throws {
    try await withDatabase(migrated: false) { client, _ in
      let migrator = SchemaMigrator(client: client)
      #expect(try await migrator.migrate() == SchemaMigration.all)
      #expect(try await migrator.status() == .current)
      #expect(try await migrator.migrate() == [])
      let tables = try await client.read(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
      ).map { try $0.string(0) }
      let expected = [
        "paas_apps", "paas_audit_events", "paas_deployments", "paas_environment_key", "paas_migrations_applied",
        "paas_operation_leases", "paas_rollbackd_schema", "paas_rollout_events",
      ]
      #expect(tables == expected)
    }
  }

  @Test func severalHostsAtOnceApplyEachMigrationOnce() async throws {
    try await withDatabase(migrated: false, connections: 8) { client, _ in
      let applied = try await withThrowingTaskGroup(of: [SchemaMigration].self) { group in
        for _ in 1...8 { group.addTask { try await SchemaMigrator(client: client).migrate() } }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(applied.sorted { $0.number < $1.number } == SchemaMigration.all)
    }
  }

  @Test func aMigrationThatFailsLeavesNothing() async throws {
    try await withDatabase(migrated: false) { client, _ in
      let good = SchemaMigration(number: 1, name: "good", sql: "CREATE TABLE good (n int)")
      let bad = SchemaMigration(number: 2, name: "bad", sql: "CREATE TABLE bad (n int); SELECT 1 / 0;")
      let migrator = SchemaMigrator(client: client, migrations: [good, bad])
      let error = try await #require(throws: PostgresError.self) { try await migrator.migrate() }
      #expect(error.sqlState == "22012")
      #expect(try await migrator.status() == .behind(applied: 1, pending: 1))
      #expect(try await client.read("SELECT to_regclass('bad')::text").first?.isNull(0) == true)
    }
  }

  @Test func aChangedMigrationIsRefused() async throws {
    try await withDatabase(migrated: false) { client, _ in
      let first = SchemaMigration(number: 1, name: "one", sql: "CREATE TABLE one (n int)")
      let changed = SchemaMigration(number: 1, name: "one", sql: "CREATE TABLE one (n bigint)")
      _ = try await SchemaMigrator(client: client, migrations: [first]).migrate()
      let migrator = SchemaMigrator(client: client, migrations: [changed])
      #expect(try await migrator.status() == .altered(number: 1, name: "one"))
      let error = try await #require(throws: SchemaError.self) { try await migrator.migrate() }
      #expect("\(error)".contains("migration 1 (one) was applied to the database in another form"))
    }
  }

  @Test func aNewerSchemaIsRefused() async throws {
    try await withDatabase { client, _ in
      try await client.query(
        "INSERT INTO paas_rollbackd_schema (number, name, checksum) VALUES (99, 'from the future', '')")
      let migrator = SchemaMigrator(client: client)
      #expect(try await migrator.status() == .newer(number: 99, name: "from the future"))
      await #expect(throws: SchemaError.self) { try await migrator.migrate() }
    }
  }

  @Test func numbersHaveNoGaps() {
    #expect(SchemaMigration.all.map(\.number) == Array(1...Int32(SchemaMigration.all.count)))
  }
}
