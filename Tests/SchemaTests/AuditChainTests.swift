import Postgres
import RollbackDaemon
import DevServices
import RollbackTestKit
import Testing

@Suite("Audit chain", .timeLimit(.minutes(2)))
struct AuditChainTests {
  @Test func anEmptyTableIsIntact() async throws {
    try await withDatabase { client, _ in
      let report = try await AuditChain.verify(client)
      #expect(report.isIntact)
      #expect(report.rows == 0)
      #expect(report.headID == nil)
    }
  }

  @Test func itHoldsForRowsOfAnyClient() async throws {
    try await withDatabase { client, database in
      try await client.query(
        "INSERT INTO paas_audit_events (actor_id, action, details_jsonb) VALUES ($1, $2, $3)",
        [.text("ä€𝄞\n"), "deploy.rollback", .jsonb(#"{"b": 1.50, "a": ["\u00fc", null, "\\"]}"#)])
      try await database.psql(
        """
        INSERT INTO paas_audit_events (action, target_id) VALUES ('', ''), ('x', NULL);
        INSERT INTO paas_audit_events (action) SELECT 'series ' || n FROM generate_series(1, 50) n;
        COPY paas_audit_events (actor_id, action) FROM STDIN;
        someone\tcopied
        \\N\tcopied
        \\.
        """)
      let report = try await AuditChain.verify(client)
      #expect(report.isIntact, "\(String(describing: report.fault))")
      #expect(report.rows == 55)
      #expect(report.headID == 55)
      let head = try await client.read("SELECT hash FROM paas_audit_events ORDER BY id DESC LIMIT 1")[0].bytes(0)
      #expect(report.headHash == head)
    }
  }

  @Test func writersAtOnceMakeOneChainWithoutGaps() async throws {
    try await withDatabase(connections: 8) { client, _ in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 1...8 {
          group.addTask {
            for n in 1...25 {
              do {
                try await client.withTransaction { transaction in
                  try await transaction.query(
                    "INSERT INTO paas_audit_events (actor_id, action) VALUES ($1, 'x')", [.text("\(writer)")])
                  // One in five is rolled back.
                  if n.isMultiple(of: 5) { throw CancellationError() }
                }
              } catch is CancellationError {}
            }
          }
        }
        try await group.waitForAll()
      }
      let report = try await AuditChain.verify(client)
      #expect(report.isIntact, "\(String(describing: report.fault))")
      #expect(report.rows == 160)
      #expect(report.headID == 160)
    }
  }

  @Test func aTransactionThatCannotSeeTheLastRowFailsAndForksNothing() async throws {
    try await withDatabase { client, _ in
      let insert = "INSERT INTO paas_audit_events (action) VALUES ('x')"
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction(.repeatableRead) { transaction in
          try await transaction.query("SELECT 1 FROM paas_apps")
          try await client.query(insert)
          try await transaction.query(insert)
        }
      }
      #expect(error.sqlState == "23505")
      #expect(try await AuditChain.verify(client).isIntact)
    }
  }

  @Test func numberTimeAndHashesAreTheChainsWhateverTheWriterGives() async throws {
    try await withDatabase { client, _ in
      let row = try #require(
        try await client.query(
          """
          INSERT INTO paas_audit_events (id, created_at, action, prev_hash, hash)
          VALUES (77, '2001-01-01', 'x', sha256('a'), sha256('b'))
          RETURNING id, created_at > now() - interval '1 minute', prev_hash
          """
        ).first)
      #expect(try row.int(0) == 1)
      #expect(try row.bool(1))
      #expect(try row.bytes(2) == Array(repeating: 0, count: 32))
      #expect(try await AuditChain.verify(client).isIntact)
    }
  }

  @Test(arguments: [
    "UPDATE paas_audit_events SET action = 'y'", "UPDATE paas_audit_events SET action = 'y' WHERE false",
    "DELETE FROM paas_audit_events", "DELETE FROM paas_audit_events WHERE false", "TRUNCATE paas_audit_events",
    "INSERT INTO paas_audit_events (id, action) VALUES (1, 'y') ON CONFLICT (id) DO UPDATE SET action = 'y'",
    "SET session_replication_role = replica; UPDATE paas_audit_events SET action = 'y'",
    "SET session_replication_role = replica; TRUNCATE paas_audit_events",
  ])
  func changesAreRefusedAlsoToTheOwner(_ sql: String) async throws {
    try await withDatabase { client, database in
      try await client.query("INSERT INTO paas_audit_events (action) VALUES ('x')")
      let failure = try await #require(throws: ThrowawayPostgres.CommandFailure.self) { try await database.psql(sql) }
      #expect(failure.description.contains("paas_audit_events is append-only"), "\(failure)")
      #expect(try await AuditChain.verify(client).rows == 1)
    }
  }

  @Test func aRoleThatMayOnlyInsertIsChainedToo() async throws {
    try await withDatabase { client, database in
      try await database.psql(
        """
        CREATE ROLE writer_\(database.name);
        GRANT INSERT ON paas_audit_events TO writer_\(database.name);
        SET ROLE writer_\(database.name);
        CREATE TEMPORARY TABLE paas_audit_events_copy (id int);
        INSERT INTO paas_audit_events (action) VALUES ('x');
        """)
      #expect(try await AuditChain.verify(client).rows == 1)
    }
  }

  /// What a superuser does who takes the triggers away, and the row that is then named.
  struct Tampering: Sendable, CustomTestStringConvertible {
    let sql: String
    let row: Int64?
    let words: String
    var testDescription: String { sql }
  }

  @Test(arguments: [
    Tampering(sql: "UPDATE paas_audit_events SET action = 'y' WHERE id = 5", row: 5, words: "row 5 was changed"),
    Tampering(sql: "UPDATE paas_audit_events SET actor_id = '' WHERE id = 5", row: 5, words: "row 5 was changed"),
    Tampering(
      sql: "UPDATE paas_audit_events SET created_at = created_at + interval '1 microsecond' WHERE id = 5", row: 5,
      words: "row 5 was changed"),
    Tampering(
      sql: "UPDATE paas_audit_events SET details_jsonb = details_jsonb || '{\"a\": 1}' WHERE id = 5", row: 5,
      words: "row 5 was changed"),
    Tampering(
      sql: "UPDATE paas_audit_events SET actor_id = action, action = actor_id WHERE id = 5", row: 5,
      words: "row 5 was changed"),
    Tampering(
      sql: "UPDATE paas_audit_events SET action = 'y', hash = sha256('y') WHERE id = 5", row: 5, words: "row 5"),
    Tampering(sql: "DELETE FROM paas_audit_events WHERE id = 5", row: 6, words: "row 6 does not follow row 4"),
    Tampering(sql: "DELETE FROM paas_audit_events WHERE id < 5", row: 5, words: "the chain's first row is 5"),
    Tampering(
      sql: "UPDATE paas_audit_events SET hash = NULL, prev_hash = NULL WHERE id < 5", row: 5,
      words: "the chain's first row is 5"),
    Tampering(
      sql: "UPDATE paas_audit_events SET hash = NULL, prev_hash = NULL WHERE id = 5", row: 5, words: "not chained"),
    Tampering(
      sql: "INSERT INTO paas_audit_events (id, action) VALUES (11, 'y')", row: 11, words: "row 11 is not chained"),
    Tampering(
      sql: """
        UPDATE paas_audit_events SET id = id + 100 WHERE id IN (5, 6);
        UPDATE paas_audit_events SET id = 5 WHERE id = 106; UPDATE paas_audit_events SET id = 6 WHERE id = 105
        """, row: 5, words: "row 5 does not follow row 4"),
  ])
  func tamperingIsFoundAndNamed(_ tampering: Tampering) async throws {
    try await withDatabase { client, database in
      try await client.query(
        """
        INSERT INTO paas_audit_events (actor_id, action, target_id)
        SELECT 'actor', 'action ' || n, 'target' FROM generate_series(1, 10) n
        """)
      try await database.psql(
        """
        ALTER TABLE paas_audit_events DISABLE TRIGGER ALL;
        \(tampering.sql);
        ALTER TABLE paas_audit_events ENABLE TRIGGER ALL;
        """)
      let fault = try #require(try await AuditChain.verify(client).fault)
      #expect(fault.row == tampering.row)
      #expect(fault.problem.contains(tampering.words), "\(fault.problem)")
    }
  }

  @Test func rowsCutOffTheEndAreFoundByAHeadKeptElsewhere() async throws {
    try await withDatabase { client, database in
      let insert = "INSERT INTO paas_audit_events (action) SELECT 'x' FROM generate_series(1, 5)"
      try await client.query(insert)
      let head = try await AuditChain.verify(client).headHash
      try await client.query(insert)
      let later = try await AuditChain.verify(client, expectedHead: head)
      #expect(later.isIntact)
      #expect(later.rowsSinceExpectedHead == 5)
      try await database.psql(
        "ALTER TABLE paas_audit_events DISABLE TRIGGER ALL; DELETE FROM paas_audit_events WHERE id > 4;")
      #expect(try await AuditChain.verify(client).isIntact)
      let cut = try await AuditChain.verify(client, expectedHead: head)
      #expect(cut.fault?.row == nil)
      #expect(cut.fault?.problem.contains("cut off the end") == true)
    }
  }

  @Test func aPlatformsTableIsAdoptedWithItsRowsToldApart() async throws {
    try await withDatabase(migrated: false) { client, database in
      try await database.psql(
        """
        CREATE TABLE paas_audit_events (
          id serial PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), actor_id uuid,
          action varchar(100) NOT NULL, target_id uuid, details_jsonb jsonb, platform_column text DEFAULT 'theirs');
        INSERT INTO paas_audit_events (action) SELECT 'old' FROM generate_series(1, 3);
        """)
      _ = try await SchemaMigrator(client: client).migrate()
      try await database.psql(
        "INSERT INTO paas_audit_events (actor_id, action, target_id) VALUES (gen_random_uuid(), 'new', gen_random_uuid())"
      )
      let report = try await AuditChain.verify(client)
      #expect(report.isIntact, "\(String(describing: report.fault))")
      #expect(report.unchainedRows == 3)
      #expect(report.rows == 2)
      let first = try await client.read(
        "SELECT action::text, details_jsonb FROM paas_audit_events WHERE hash IS NOT NULL ORDER BY id LIMIT 1")[0]
      #expect(try first.string(0) == "audit.chain.started")
      #expect(try first.string(1) == #"{"rows_before": 3, "last_id_before": 3}"#)
      // The operators' query goes on.
      let rows = try await client.read(
        """
        SELECT created_at, actor_id, target_id, details_jsonb
        FROM paas_audit_events
        WHERE action = 'deploy.rollback'
        ORDER BY created_at DESC LIMIT 10
        """)
      #expect(rows.isEmpty)
    }
  }

  @Test(arguments: [
    (
      "id uuid PRIMARY KEY, created_at timestamptz, actor_id text, action text, target_id text, details_jsonb jsonb",
      "paas_audit_events.id is uuid"
    ),
    (
      "id bigint, created_at timestamptz, actor_id text, action text, target_id text, details_jsonb jsonb",
      "paas_audit_events.id has no unique index"
    ),
    (
      "id bigint PRIMARY KEY, created_at timestamp, actor_id text, action text, target_id text, details_jsonb jsonb",
      "paas_audit_events.created_at is timestamp without time zone"
    ),
    (
      "id bigint PRIMARY KEY, created_at timestamptz, actor_id text, action text, details_jsonb jsonb",
      "paas_audit_events.target_id is missing"
    ),
  ])
  func aTableThatCannotBeChainedIsRefusedInWords(_ columns: String, _ words: String) async throws {
    try await withDatabase(migrated: false) { client, database in
      try await database.psql("CREATE TABLE paas_audit_events (\(columns))")
      let error = try await #require(throws: PostgresError.self) { try await SchemaMigrator(client: client).migrate() }
      #expect(error.message.hasPrefix(words), "\(error.message)")
      #expect(
        try await SchemaMigrator(client: client).status()
          == .behind(applied: 1, pending: SchemaMigration.all.count - 1))
    }
  }
}
