import DevServices
import Postgres
import RollbackMessages
import RollbackService
import RollbackTestKit
import Testing

@testable import RollbackDaemon

@Suite("Writing the audit trail", .timeLimit(.minutes(2)))
struct AuditWritingTests {
  private let root = Caller(processID: 7, userID: 0, groupID: 0, userName: "root")
  private var author: AuditedAuthor { AuditedAuthor(caller: root, actorID: "ops@example") }
  private let hello = App(id: "", name: "hello", namespace: "octave", deployment: "hello", container: "web")

  private func rows(_ database: ThrowawayPostgres.Database) async throws -> [String] {
    try await database.psql("SELECT action FROM paas_audit_events ORDER BY id").split(separator: "\n").map(String.init)
  }

  @Test func `an app and its audit row are written together, and once`() async throws {
    try await withDatabase { client, database in
      let store = PostgresDeployStore(client: client, host: "host-a")
      let app = try await store.register(hello, by: author).app
      #expect(try await store.register(hello, by: author).created == false)
      _ = try await store.record(Migration(version: "0042", name: "add note"), of: app, by: author)
      #expect(try await store.record(Migration(version: "0042", name: "x"), of: app, by: author).created == false)
      #expect(try await rows(database) == ["app.register", "migration.record"])
      let details = try await database.psql(
        """
        SELECT actor_id, target_id = details_jsonb ->> 'app_id', details_jsonb ->> 'namespace',
          details_jsonb #>> '{peer,user}', details_jsonb ->> 'host' FROM paas_audit_events WHERE id = 1
        """)
      #expect(details.split(separator: "\n").first == "ops@example|t|octave|root|host-a")
    }
  }

  /// What may be wrong with the table when something is to be recorded.
  static let obstacles = ["53100", "42501", "P0001"]

  private func obstruct(_ database: ThrowawayPostgres.Database, _ state: String) async throws {
    try await database.psql(
      """
      CREATE FUNCTION obstacle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'cannot be written' USING ERRCODE = '\(state)'; END $$;
      CREATE TRIGGER obstacle BEFORE INSERT ON paas_audit_events FOR EACH ROW EXECUTE FUNCTION obstacle();
      """)
  }

  @Test(arguments: obstacles)
  func `without its audit row nothing is registered or recorded`(state: String) async throws {
    try await withDatabase { client, database in
      let store = PostgresDeployStore(client: client, host: "host-a")
      let app = try await store.register(hello, by: author).app
      try await obstruct(database, state)
      var other = hello
      other.name = "other"
      other.deployment = "other"
      await #expect(throws: ServiceError.self) { try await store.register(other, by: author) }
      await #expect(throws: ServiceError.self) {
        try await store.record(Migration(version: "1", name: ""), of: app, by: author)
      }
      #expect(try await database.psql("SELECT count(*) FROM paas_apps").hasPrefix("1"))
      #expect(try await database.psql("SELECT count(*) FROM paas_migrations_applied").hasPrefix("0"))
    }
  }

  @Test func `a refusal is found with its app, and says how many calls it stands for`() async throws {
    try await withDatabase { client, database in
      let app = try await PostgresDeployStore(client: client, host: "h").register(hello, by: author).app
      let log = PostgresAuditLog(client: client, host: "host-a", userName: { _ in nil })
      var refusal = AuditedRefusal(
        action: "deploy.rollback.refused", caller: root, actorID: nil, app: "hello", target: "v1",
        error: ServiceError(.conflict, "deploy 1 is in progress"), requestID: "")
      try await log.recordRefusal(refusal)
      refusal.repetition = .init(count: 981, first: Timestamp(seconds: 5), last: Timestamp(seconds: 50))
      try await log.recordRefusal(refusal)
      refusal.app = "no-such-app"
      try await log.recordRefusal(refusal)
      let events = try await log.events(
        matching: AuditFilter(appID: app.id, action: "deploy.rollback.refused"), limit: 9)
      #expect(events.count == 2)
      let repeated =
        #""repeated": {"count": 981, "last_at": "1970-01-01T00:00:50Z", "first_at": "1970-01-01T00:00:05Z"}"#
      #expect(events.first?.detailsJSON.contains(repeated) == true, "\(events.first?.detailsJSON ?? "")")
      #expect(events.last?.detailsJSON.contains("repeated") == false)
      #expect(try await AuditChain.verify(client).isIntact)
    }
  }

  @Test func `a refusal is found with its app also where its id was given, however it was written`() async throws {
    try await withDatabase { client, _ in
      let app = try await PostgresDeployStore(client: client, host: "h").register(hello, by: author).app
      let log = PostgresAuditLog(client: client, host: "host-a", userName: { _ in nil })
      for named in [app.id, app.id.uppercased()] {
        try await log.recordRefusal(
          AuditedRefusal(
            action: "deploy.rollback.refused", caller: root, actorID: nil, app: named, target: "v1",
            error: ServiceError(.conflict, "x"), requestID: ""))
      }
      let filter = AuditFilter(appID: app.id, action: "deploy.rollback.refused")
      #expect(try await log.events(matching: filter, limit: 9).count == 2)
    }
  }

  /// Another program of the platform may have named an app like another one's id.
  @Test func `an id names the app that has it, and no other`() async throws {
    try await withDatabase { client, _ in
      let store = PostgresDeployStore(client: client, host: "h")
      let app = try await store.register(hello, by: author).app
      let double = App(id: "", name: app.id, namespace: "octave", deployment: "double", container: "web")
      let other = try await store.register(double, by: author).app
      #expect(try await store.app(app.id)?.id == app.id)
      #expect(try await store.app(other.id)?.id == other.id)
      // Each part of it asks by a sub-select, which more than one row would end.
      #expect(try await store.situation(of: app.id, naming: "", requestID: "r")?.app.id == app.id)
      let log = PostgresAuditLog(client: client, host: "host-a", userName: { _ in nil })
      try await log.recordRefusal(
        AuditedRefusal(
          action: "a.refused", caller: root, actorID: nil, app: app.id, target: "",
          error: ServiceError(.conflict, "x"), requestID: ""))
      #expect(try await log.events(matching: AuditFilter(appID: app.id, action: "a.refused"), limit: 9).count == 1)
    }
  }

  @Test(arguments: ["$1", "$2"])
  func `an app is found by its indexes`(parameter: String) async throws {
    try await withDatabase { client, database in
      let condition = PostgresDeployStore.appByNameOrID(parameter)
        .split(separator: parameter, omittingEmptySubsequences: false).joined(separator: "'hello'::text")
      let plan = try await database.psql(
        "SET enable_seqscan = off; EXPLAIN (COSTS OFF) SELECT a.id FROM paas_apps a WHERE \(condition)")
      #expect(!plan.contains("Seq Scan") && plan.contains("paas_apps_name_key"), "\(plan)")
    }
  }
}
