import FoundationEssentials
import ConnectionPool
import LinuxIO
import Postgres
import DevServices
import RollbackTestKit
import Testing

@Suite("Queries", .timeLimit(.minutes(1)))
struct QueryTests {
  /// A caller's number may be anything; what PostgreSQL cannot hold is its own end of time.
  @Test(arguments: [
    (Int64.max, Int64.max), (.min, .min), (.min + 1, .min), (0, -946_684_800_000_000), (946_684_800_000_000, 0),
  ])
  func aTimeBeyondTheTypeIsInfinity(since1970: Int64, since2000: Int64) {
    #expect(PostgresTimestamp(microsecondsSince1970: since1970).microsecondsSince2000 == since2000)
  }

  @Test func aQueryReturnsItsRows() async throws {
    try await withClient { client, _ in
      let rows = try await client.query("SELECT $1::int4 + 1, $2::text || '!'", [.int4(41), "hello"])
      #expect(rows.count == 1)
      #expect(try rows[0].int(0) == 42)
      #expect(try rows[0].string(1) == "hello!")
    }
  }

  @Test func aCallerOffTheLoopIsServedToo() async throws {
    try await withClient { client, _ in
      let answers = try await withTaskExecutorPreference(globalConcurrentExecutor) {
        let count = try await client.withTransaction { try await $0.query("SELECT 1").count }
        return (count, try await client.query("SELECT 1").count, try await client.read("SELECT 1").count)
      }
      #expect(answers == (1, 1, 1))
    }
  }

  @Test func everyTypeGoesBothWaysInBinary() async throws {
    let id = UUID()
    let time = PostgresTimestamp(microsecondsSince1970: 1_764_000_000_123_456)
    try await withClient { client, _ in
      let row = try #require(
        try await client.query(
          """
          SELECT $1::bool, $2::int2, $3::int4, $4::int8, $5::float8, $6::text, $7::bytea, $8::uuid, $9::timestamptz,
            $10::jsonb, $11::text[], $12::uuid[], $9::timestamptz::text, $8::uuid::text
          """,
          [
            .bool(true), .int2(-2), .int4(.min), .int8(.max), .float8(-0.5), .text("æ€𝄞\n"), .bytea([0, 255, 1]),
            .uuid(id), .timestamptz(time), .jsonb(#"{"b": [1, null], "a": "ü"}"#), .textArray(["", "x,\"y\"", "ü"]),
            .uuidArray([id, id]),
          ]
        ).first)
      #expect(try row.bool(0))
      #expect(try row.decode(1) as Int16 == -2)
      #expect(try row.decode(2) as Int32 == .min)
      #expect(try row.decode(3) as Int64 == .max)
      #expect(try row.decode(4) as Double == -0.5)
      #expect(try row.string(5) == "æ€𝄞\n")
      #expect(try row.bytes(6) == [0, 255, 1])
      #expect(try row.uuid(7) == id)
      #expect(try row.timestamp(8) == time)
      #expect(try row.string(9) == #"{"a": "ü", "b": [1, null]}"#)
      #expect(try row.decode(10) as [String] == ["", "x,\"y\"", "ü"])
      #expect(try row.decode(11) as [UUID] == [id, id])
      #expect(try row.string(12) == "2025-11-24 16:00:00.123456+00")
      #expect(try row.string(13) == id.uuidString.lowercased())
    }
  }

  @Test func nullsOfEveryTypeGoBothWays() async throws {
    try await withClient { client, _ in
      let parameters: [PostgresValue] = [
        .bool(nil), .int2(nil), .int4(nil), .int8(nil), .float8(nil), .text(nil), .bytea(nil), .uuid(nil),
        .timestamptz(nil), .jsonb(nil), .textArray(nil), .uuidArray(nil),
      ]
      let list = (1...parameters.count).map { "$\($0)" }.joined(separator: ", ")
      let row = try #require(try await client.query("SELECT \(list)", parameters).first)
      for column in parameters.indices { #expect(row.isNull(column)) }
      #expect(try row.decode(0) as Bool? == nil)
      #expect(try row.decode(5) as String? == nil)
      #expect(try row.decode(6) as [UInt8]? == nil)
      #expect(try row.decode(7) as UUID? == nil)
      #expect(try row.decode(10) as [String]? == nil)
      #expect(throws: PostgresError.self) { try row.string(5) }
      #expect(throws: PostgresError.self) { try row.string(99) }
    }
  }

  @Test func emptyValuesAreNotNull() async throws {
    try await withClient { client, _ in
      let row = try #require(
        try await client.query("SELECT $1, $2, $3", [.text(""), .bytea([]), .textArray([])]).first)
      #expect(try row.string(0) == "")
      #expect(try row.bytes(1) == [])
      #expect(try row.decode(2) as [String] == [])
    }
  }

  @Test func anArrayWithNullsIsReadAsOptionals() async throws {
    try await withClient { client, _ in
      let row = try #require(try await client.query("SELECT ARRAY['a', NULL]").first)
      #expect(try row.decode(0) as [String?] == ["a", nil])
      #expect(throws: PostgresError.self) { try row.decode(0) as [String] }
    }
  }

  @Test func aColumnOfAnotherTypeIsRefused() async throws {
    try await withClient { client, _ in
      let row = try #require(try await client.query("SELECT 1, 'x', now()").first)
      #expect { try row.string(0) } throws: { ($0 as? PostgresError)?.code == .unexpectedValue }
      #expect { try row.int(1) } throws: { ($0 as? PostgresError)?.code == .unexpectedValue }
      #expect { try row.uuid(2) } throws: { ($0 as? PostgresError)?.code == .unexpectedValue }
    }
  }

  @Test func affectedRowsAndTagsAreKnown() async throws {
    try await withClient { client, _ in
      try await client.query("CREATE TABLE t (n int4 PRIMARY KEY)")
      let inserted = try await client.query("INSERT INTO t SELECT generate_series(1, $1)", [.int4(7)])
      #expect(inserted.affectedRows == 7)
      #expect(inserted.commandTag == "INSERT 0 7")
      #expect(try await client.query("DELETE FROM t WHERE n > 5").affectedRows == 2)
      #expect(
        try await client.read("SELECT array_agg(n::text ORDER BY n) FROM t")[0].decode(0) == ["1", "2", "3", "4", "5"])
    }
  }

  @Test func anErrorKeepsItsCodeAndLeaksNothing() async throws {
    try await withClient { client, _ in
      try await client.query("CREATE TABLE secrets (name text CONSTRAINT only_once UNIQUE)")
      try await client.query("INSERT INTO secrets VALUES ($1)", ["hunter2"])
      let error = try await #require(throws: PostgresError.self) {
        try await client.query("INSERT INTO secrets VALUES ($1)", ["hunter2"])
      }
      #expect(error.code == .server)
      #expect(error.sqlState == "23505")
      #expect(error.severity == "ERROR")
      #expect(error.table == "secrets")
      #expect(error.constraint == "only_once")
      #expect(!error.isRetryable)
      #expect(error.description == "server 23505 on secrets (only_once)")
      #expect(error.debugDescription.contains("hunter2"))
      // The connection goes on.
      #expect(try await client.query("SELECT 1").count == 1)
      #expect(await client.statistics.opened == 1)
    }
  }

  @Test func aSyntaxErrorInAPreparationIsTheStatements() async throws {
    try await withClient { client, _ in
      for _ in 1...3 {
        let error = try await #require(throws: PostgresError.self) { try await client.query("SELEKT 1") }
        #expect(error.sqlState == "42601")
      }
      let error = try await #require(throws: PostgresError.self) { try await client.read("SELEKT 2") }
      #expect(error.sqlState == "42601")
      #expect(await client.statistics.opened == 1)
    }
  }

  /// Outside a transaction a statement is committed at the sync, after its own result.
  @Test func aFailureAtTheCommitIsTheStatements() async throws {
    try await withClient { client, _ in
      try await client.query("CREATE TABLE a (n int4 PRIMARY KEY)")
      try await client.query("CREATE TABLE b (n int4 REFERENCES a DEFERRABLE INITIALLY DEFERRED)")
      let error = try await #require(throws: PostgresError.self) {
        try await client.query("INSERT INTO b VALUES (1)")
      }
      #expect(error.sqlState == "23503")
      #expect(try await client.read("SELECT * FROM b").isEmpty)
      #expect(await client.statistics.closed.isEmpty)
    }
  }

  @Test func theSessionHasItsSettings() async throws {
    try await withClient {
      $0.statementTimeout = .milliseconds(1234)
      $0.applicationName = "someone"
    } _: { client, _ in
      let names = [
        "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "client_encoding",
        "application_name",
      ]
      let settings = try await client.query("SELECT current_setting(n) FROM unnest($1) n", [.textArray(names)])
      let values = try settings.map { try $0.string(0) }
      #expect(values == ["1234ms", "10s", "30s", "UTF8", "someone"])
    }
  }

  @Test func manyStatementsOverflowTheCacheAndStillWork() async throws {
    try await withClient { client, _ in
      for n in 0..<300 {
        let answer = try await client.query("SELECT \(n)")[0].int(0)
        #expect(answer == n)
      }
      let kept = try await client.query("SELECT count(*) FROM pg_prepared_statements")[0].int(0)
      #expect(kept == 256)
    }
  }

  /// More than a pipe holds, on each of psql's outputs.
  @Test func thePsqlOfTestsIsHeldUpByNothingThatItSays() async throws {
    let database = try await ThrowawayPostgres.shared().makeDatabase()
    let said = try await database.psql(
      """
      DO $$ BEGIN FOR i IN 1 .. 2000 LOOP RAISE NOTICE '%', repeat('x', 100); END LOOP; END $$;
      SELECT repeat('y', 200000);
      """)
    #expect(said.count == 200_000)
  }

  @Test func aHostNameIsLookedUpAndAUrlIsUnderstood() async throws {
    let error = try await #require(throws: PostgresError.self) {
      try await withClient {
        $0.conninfo = "postgresql://localhost:1,127.0.0.1:1/nothing?connect_timeout=2"
      } _: { client, _ in
        try await client.query("SELECT 1")
      }
    }
    #expect(error.code == .unavailable)
    #expect("\(error)".contains("Connection refused"), "\(error)")
  }

  /// What libpq says of such a string quotes the part that it stumbles over, which may be the password.
  @Test(arguments: [
    ("postgresql://rollbackd:50%off@db/x", "50%off"), ("host=db password=two words", "words"), ("hots=db", "hots"),
    ("just-a-name", "name"),
  ])
  func aConnectionStringThatMakesNoSenseIsRefusedBeforeAnythingStartsAndNotQuoted(
    conninfo: String, part: String
  ) async throws {
    let loop = try EventLoop.start(label: "test")
    defer {
      loop.stop()
      loop.join()
    }
    let error = try #require(throws: PostgresError.self) {
      try PostgresClient(configuration: PostgresConfiguration(conninfo: conninfo), loop: loop)
    }
    #expect(error.code == .invalidConfiguration)
    #expect(!error.debugDescription.contains(part))
    #expect(!error.message.contains(part))
  }

  /// An unescaped slash in a password: libpq takes the first part of it for a port.
  @Test func whatOnlyAConnectionFindsWrongWithTheStringIsNoUnavailabilityAndNotQuotedEither() async throws {
    let error = try await #require(throws: PostgresError.self) {
      try await withClient {
        $0.conninfo = "postgresql://rollbackd:sec/ret@db/x"
      } _: { client, _ in
        try await client.query("SELECT 1")
      }
    }
    #expect(error.isOfConfiguration)
    #expect(!error.isUnavailability)
    #expect(!error.isRetryable)
    var cause: PostgresError? = error
    while let current = cause {
      #expect(!(current.debugDescription + current.message).contains("\"sec"))
      cause = current.cause as? PostgresError
    }
  }

  /// An unescaped `@` in a password: libpq takes what follows for a part of the host.
  @Test func aHostThatCannotBeFoundIsNotQuotedPastAnAt() async throws {
    let error = try await #require(throws: PostgresError.self) {
      try await withClient {
        $0.conninfo = "postgresql://rollbackd:sec@ret@db.invalid/x"
      } _: { client, _ in
        try await client.query("SELECT 1")
      }
    }
    #expect("\(error)".contains("@db.invalid"), "\(error)")
    #expect(!"\(error)".contains("ret@"))
  }
}
