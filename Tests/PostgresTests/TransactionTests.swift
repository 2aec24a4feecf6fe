import LinuxIO
import ConnectionPool
import DevServices
import RollbackTestKit
import Testing

@testable import Postgres

@Suite("Transactions", .timeLimit(.minutes(1)))
struct TransactionTests {
  struct Thrown: Error {}

  @Test func whatReturnsIsCommitted() async throws {
    try await withTable { client, _ in
      let count = try await client.withTransaction { transaction in
        try await transaction.query("INSERT INTO t VALUES (1)")
        try await transaction.query("INSERT INTO t VALUES (2)")
        return try await transaction.query("SELECT count(*) FROM t")[0].int(0)
      }
      #expect(count == 2)
      #expect(try await client.read("SELECT * FROM t").count == 2)
    }
  }

  @Test func whatThrowsIsRolledBackAndTheConnectionIsKept() async throws {
    try await withTable { client, _ in
      await #expect(throws: Thrown.self) {
        try await client.withTransaction { transaction in
          try await transaction.query("INSERT INTO t VALUES (1)")
          throw Thrown()
        }
      }
      let rows = try await client.read("SELECT * FROM t")
      #expect(rows.isEmpty)
      let statistics = await client.statistics
      #expect(statistics.opened == 1)
      #expect(statistics.closed.isEmpty)
    }
  }

  @Test func aFailedStatementRollsBackTheRestAndLeaksNoFailedTransaction() async throws {
    try await withTable { client, _ in
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction { transaction in
          try await transaction.query("INSERT INTO t VALUES (1)")
          try await transaction.query("INSERT INTO t VALUES (1)")
        }
      }
      #expect(error.sqlState == "23505")
      // The next user of the same connection must not see 25P02.
      #expect(try await client.query("SELECT count(*) FROM t")[0].int(0) == 0)
      #expect(await client.statistics.opened == 1)
    }
  }

  @Test func aSwallowedFailureIsNotTakenForACommit() async throws {
    try await withTable { client, _ in
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction { transaction in
          try await transaction.query("INSERT INTO t VALUES (1)")
          _ = try? await transaction.query("SELECT 1 / 0")
        }
      }
      #expect(error.code == .transactionRolledBack)
      #expect(try await client.read("SELECT * FROM t").isEmpty)
    }
  }

  @Test func aTransactionWithoutStatementsReachesNoServer() async throws {
    try await withTable { client, _ in
      let value = try await client.withTransaction { _ in 7 }
      #expect(value == 7)
    }
  }

  @Test func aFailureAtTheCommitIsKnownToBeOne() async throws {
    try await withTable { client, _ in
      try await client.query("CREATE TABLE b (n int4 REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction { try await $0.query("INSERT INTO b VALUES (1)") }
      }
      #expect(error.sqlState == "23503")
      #expect(await client.statistics.closed.isEmpty)
    }
  }

  @Test func aKindIsWhatItSays() async throws {
    try await withTable { client, _ in
      let level = try await client.withTransaction(.serializable) {
        try await $0.query("SHOW transaction_isolation")[0].string(0)
      }
      #expect(level == "serializable")
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction(.readOnly) { try await $0.query("INSERT INTO t VALUES (1)") }
      }
      #expect(error.sqlState == "25006")
    }
  }

  @Test func aKilledBackendInTheMiddleIsALostConnectionAndNothingIsCommitted() async throws {
    try await withTable { client, database in
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction { transaction in
          try await transaction.query("INSERT INTO t VALUES (1)")
          let process = try await transaction.query("SELECT pg_backend_pid()")[0].int(0)
          try await database.psql("SELECT pg_terminate_backend(\(process), 5000)")
          try await transaction.query("INSERT INTO t VALUES (2)")
        }
      }
      #expect(error.isRetryable)
      #expect(error.isUnavailability)
      #expect(try await client.read("SELECT * FROM t").isEmpty)
      #expect(await client.statistics.closed[.broken] == 1)
    }
  }

  /// A deferred trigger terminates the backend's own session during COMMIT: its answer never comes.
  @Test func aCommitWithoutAnswerIsAnUnknownOutcome() async throws {
    try await withTable { client, _ in
      try await client.query(
        """
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$
        """)
      try await client.query(
        """
        CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION die()
        """)
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction { try await $0.query("INSERT INTO t VALUES (1)") }
      }
      #expect(error.code == .commitOutcomeUnknown)
      #expect(!error.isRetryable)
      #expect((error.cause as? PostgresError)?.sqlState == "57P01")
      #expect(try await client.query("SELECT 1").count == 1)
    }
  }

  @Test func aScriptRunsInTheTransaction() async throws {
    try await withTable { client, _ in
      try await client.withTransaction { transaction in
        try await transaction.execute(script: "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2);")
        try await transaction.query("INSERT INTO t VALUES (3)")
      }
      await #expect(throws: PostgresError.self) {
        try await client.withTransaction { transaction in
          try await transaction.execute(script: "INSERT INTO t VALUES (4); SELECT 1 / 0; INSERT INTO t VALUES (5);")
        }
      }
      #expect(try await client.read("SELECT count(*) FROM t")[0].int(0) == 3)
      #expect(await client.statistics.opened == 1)
    }
  }

  /// BEGIN was taken for sent although its caller never came to send it: what followed ran outside a transaction.
  @Test func aStatementThatIsCancelledBeforeItIsSentDoesNotTakeTheBeginningWithIt() async throws {
    try await withTable { client, _ in
      await #expect(throws: Thrown.self) {
        try await client.withTransaction { transaction in
          let cancelled = Task(executorPreference: client.loop) {
            try await transaction.query("INSERT INTO t VALUES (1)")
          }
          cancelled.cancel()
          _ = try? await cancelled.value
          try await transaction.query("INSERT INTO t VALUES (2)")
          throw Thrown()
        }
      }
      let rows = try await client.read("SELECT * FROM t")
      #expect(rows.isEmpty)
      try await client.withTransaction { transaction in
        let cancelled = Task(executorPreference: client.loop) {
          try await transaction.execute(script: "INSERT INTO t VALUES (3)")
        }
        cancelled.cancel()
        _ = try? await cancelled.value
      }
      let unchanged = try await client.read("SELECT * FROM t")
      #expect(unchanged.isEmpty)
    }
  }

  private func withTable(_ body: (PostgresClient, ThrowawayPostgres.Database) async throws -> Void) async throws {
    try await withClient { client, database in
      try await client.query("CREATE TABLE t (n int4 PRIMARY KEY)")
      try await body(client, database)
    }
  }
}
