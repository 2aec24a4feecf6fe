import ConnectionPool
import LinuxIO
import DevServices
import RollbackTestKit
import Testing

@testable import Postgres

@Suite("When the server is in trouble", .serialized, .timeLimit(.minutes(2)))
struct FailureTests {
  private let clock = ContinuousClock()
  /// Beyond what is promised: a test machine has other things to do as well.
  private let tolerance = Duration.seconds(2)

  @Test func aKilledBackendInAQueryIsReportedAndTheNextCallerSeesNothingOfIt() async throws {
    try await withClient { client, _ in
      let error = try await #require(throws: PostgresError.self) {
        try await client.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)")
      }
      #expect(error.sqlState == "57P01")
      #expect(error.isRetryable)
      let rows = try await client.query("SELECT 1")
      #expect(rows.count == 1)
      #expect(await client.statistics.closed == [.broken: 1])
    }
  }

  @Test func anIdleConnectionThatIsKilledIsReplacedBeforeAnybodyGetsIt() async throws {
    try await withClient { client, database in
      let process = try await client.query("SELECT pg_backend_pid()")[0].int(0)
      try await database.psql("SELECT pg_terminate_backend(\(process), 5000)")
      let next = try await client.query("SELECT pg_backend_pid()")[0].int(0)
      #expect(next != process)
    }
  }

  @Test func aServerThatWasStoppedAtOnceIsUsedAgainWithinTwoSeconds() async throws {
    let server = try await ThrowawayPostgres.own()
    try await withClient(on: try await server.makeDatabase()) { client, _ in
      try await client.query("SELECT 1")
      try await server.stop(.immediate)
      // Whoever asks now is told within a tenth of a second.
      for _ in 1...5 {
        let asked = clock.now
        let error = try await #require(throws: PostgresError.self) { try await client.query("SELECT 1") }
        #expect(error.isUnavailability)
        #expect(clock.now - asked < .milliseconds(100) + tolerance)
      }
      try await server.start()
      let started = clock.now
      var answer: PostgresResult?
      while answer == nil, clock.now - started < .seconds(10) {
        do { answer = try await client.query("SELECT 1") } catch {
          let error = try #require(error as? PostgresError)
          #expect(error.isUnavailability)
          await Task.yield()
        }
      }
      #expect(answer?.count == 1)
      #expect(clock.now - started < .seconds(2) + tolerance, "took \(clock.now - started)")
      let statistics = await client.statistics
      #expect(statistics.isFailing == false)
      #expect(statistics.openFailures <= 10, "\(statistics.openFailures) attempts")
    }
  }

  @Test func aTransactionInAStoppedServerIsLostWhole() async throws {
    let server = try await ThrowawayPostgres.own()
    try await withClient(on: try await server.makeDatabase()) { client, _ in
      try await client.query("CREATE TABLE t (n int4)")
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction { transaction in
          try await transaction.query("INSERT INTO t VALUES (1)")
          try await server.stop(.immediate)
          try await transaction.query("INSERT INTO t VALUES (2)")
        }
      }
      #expect(error.isUnavailability)
      try await server.start()
      // The first caller after the failure may still be told so; the pool asks again at most a second later.
      var count: Int?
      let started = clock.now
      while count == nil, clock.now - started < .seconds(10) {
        count = try? await client.query("SELECT count(*) FROM t")[0].int(0)
        // A refusal comes at once, without the loop getting its turn.
        await Task.yield()
      }
      #expect(count == 0)
    }
  }

  /// The server's processes are stopped: nothing answers, nothing is closed.
  @Test func aFrozenServerHoldsNobodyPastItsDeadline() async throws {
    let server = try await ThrowawayPostgres.own()
    try await withClient(on: try await server.makeDatabase()) { client, _ in
      try await client.query("CREATE TABLE t (n int4)")
      try await server.signal("STOP")
      for statement in ["SELECT 1", "INSERT INTO t VALUES (1)"] {
        let asked = clock.now
        await #expect(throws: (any Error).self) {
          try await withDeadline(.milliseconds(300), client) { try await client.query(statement) }
        }
        #expect(clock.now - asked < .milliseconds(300) + tolerance, "took \(clock.now - asked)")
      }
      let asked = clock.now
      await #expect(throws: (any Error).self) {
        try await withDeadline(.milliseconds(300), client) { try await client.read("SELECT 1") }
      }
      #expect(clock.now - asked < .milliseconds(300) + tolerance)
      try await server.signal("CONT")
      let rows = try await client.query("SELECT 1")
      #expect(rows.count == 1)
    }
  }

  @Test func aConnectionWithoutAnswerIsGivenUp() async throws {
    let server = try await ThrowawayPostgres.own()
    try await withClient(on: try await server.makeDatabase()) {
      $0.statementTimeout = .milliseconds(200)
      $0.answerGrace = .milliseconds(100)
    } _: { client, _ in
      try await client.query("SELECT 1")
      try await server.signal("STOP")
      let error = try await #require(throws: PostgresError.self) { try await client.query("SELECT 2") }
      #expect(error.code == .connectionLost)
      try await server.signal("CONT")
    }
  }

  /// The timer of the first request runs on for the second, which must nevertheless get its whole time: sent 1.4 s after
  /// the first answer, it takes 1.2 s of the 2 s that it has.
  @Test func theTimeForAnAnswerBeginsWithItsRequest() async throws {
    try await withClient {
      $0.statementTimeout = .milliseconds(1900)
      $0.answerGrace = .milliseconds(100)
    } _: { client, _ in
      try await client.withConnection { session in
        try await session.query("SELECT 1")
        // On another connection, only for the time to pass.
        try await client.query("SELECT pg_sleep(1.4)")
        let rows = try await session.query("SELECT 1 FROM pg_sleep(1.2)")
        #expect(rows.count == 1)
      }
    }
  }

  @Test func nobodyWaitsForAConnectionPastTheAcquireTimeout() async throws {
    try await withClient {
      $0.pool.maximumConnections = 1
      $0.pool.acquireTimeout = .seconds(1)
    } _: { client, _ in
      try await client.withConnection { session in
        try await session.query("SELECT 1")
        let error = try await #require(throws: PostgresError.self) { try await client.query("SELECT 1") }
        #expect(error.code == .acquireTimeout)
        #expect(error.isRetryable)
      }
      let rows = try await client.query("SELECT 1")
      #expect(rows.count == 1)
    }
  }

  @Test func aCallerThatIsCancelledWhileItWaitsLeavesTheQueue() async throws {
    try await withClient {
      $0.pool.maximumConnections = 1
    } _: { client, _ in
      try await client.withConnection { session in
        try await session.query("SELECT 1")
        // Runs until it waits, for this is the client's loop.
        let waiting = Task.immediate(executorPreference: client.loop) { try await client.query("SELECT 1") }
        #expect(await client.statistics.waiting == 1)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(await client.statistics.waiting == 0)
      }
    }
  }

  @Test func aCancelledQueryIsStoppedOnTheServer() async throws {
    try await withClient { client, database in
      let query = Task(executorPreference: client.loop) {
        try await client.query("SELECT pg_advisory_lock(1), pg_sleep(60)")
      }
      try await database.psql(Self.untilSleeping(1))
      query.cancel()
      await #expect(throws: CancellationError.self) { try await query.value }
      // The lock was the session's, which has ended with the statement. Waits for it, for lockTimeout at most.
      try await client.query("SELECT pg_advisory_lock(1)")
    }
  }

  /// While a dead primary leaves cancels unanswered, its successor is to be connected to.
  @Test func cancelsThatAServerDoesNotAnswerHoldUpNoConnection() async throws {
    let server = try await ThrowawayPostgres.own()
    try await withClient(on: try await server.makeDatabase()) {
      $0.pool.maximumConnections = 6
    } _: { client, database in
      let queries = (0..<6).map { _ in
        Task(executorPreference: client.loop) { try await client.query("SELECT pg_sleep(60)") }
      }
      try await database.psql(Self.untilSleeping(6))
      try await server.signal("STOP")
      for query in queries { query.cancel() }
      for query in queries { await #expect(throws: CancellationError.self) { try await query.value } }
      // A look-up gets its thread at once, as long as the server is silent.
      await withCheckedContinuation { continuation in
        let isAccepted = client.threads.lookups.run { continuation.resume() }
        #expect(isAccepted)
        if !isAccepted { continuation.resume() }
      }
      try await server.signal("CONT")
    }
  }

  @Test func lockTimeoutsAndStatementTimeoutsKeepTheirCodes() async throws {
    try await withClient {
      $0.lockTimeout = .milliseconds(50)
      $0.statementTimeout = .milliseconds(200)
    } _: { client, _ in
      try await client.query("CREATE TABLE t (n int4)")
      let error = try await #require(throws: PostgresError.self) {
        try await client.withTransaction { transaction in
          try await transaction.query("LOCK TABLE t")
          try await client.query("INSERT INTO t VALUES (1)")
        }
      }
      #expect(error.sqlState == "55P03")
      #expect(error.isRetryable)
      let slow = try await #require(throws: PostgresError.self) { try await client.query("SELECT pg_sleep(5)") }
      #expect(slow.sqlState == "57014")
    }
  }

  /// Waits, in one session of psql, until so many statements of clients sleep.
  static func untilSleeping(_ count: Int) -> String {
    """
    DO $$ BEGIN
      FOR i IN 1 .. 1000 LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN \(count) <= (SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'
          AND datname = current_database() AND application_name = 'rollbackd');
        PERFORM pg_sleep(0.01);
      END LOOP;
    END $$
    """
  }

  @Test func drainingWaitsForWhatIsUnderWay() async throws {
    let database = try await ThrowawayPostgres.shared().makeDatabase()
    let loop = try EventLoop.start(label: "test")
    defer {
      loop.stop()
      loop.join()
    }
    let client = try PostgresClient(configuration: PostgresConfiguration(conninfo: database.conninfo), loop: loop)
    let running = Task(executorPreference: loop) { await client.run() }
    try await client.withConnection { session in
      client.drain()
      let rows = try await session.query("SELECT 1")
      #expect(rows.count == 1)
      let error = try await #require(throws: PostgresError.self) { try await client.query("SELECT 1") }
      #expect(error.code == .shuttingDown)
    }
    await running.value
    #expect(await client.statistics.closed == [.shutdown: 1])
  }

  /// Cancels `body` when the time is up; the error is then what `body` makes of it.
  private func withDeadline<Value: Sendable>(
    _ time: Duration, _ client: PostgresClient, _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let task = Task(executorPreference: client.loop) { try await body() }
    client.loop.execute { _ = client.loop.schedule(after: time) { task.cancel() } }
    return try await task.value
  }
}
