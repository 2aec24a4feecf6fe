import ConnectionPool
import LinuxIO
import DevServices
import RollbackTestKit
import Testing

@testable import Postgres

@Suite("Reads that share connections", .timeLimit(.minutes(1)))
struct ReadTests {
  @Test func manyReadsShareTwoConnectionsAndEachGetsItsOwnAnswer() async throws {
    try await withClient { client, _ in
      let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for n in 0..<1000 {
          group.addTask { (n, try await client.read("SELECT $1::int8 * 2", [.int8(Int64(n))])[0].int(0)) }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.count == 1000)
      #expect(answers.allSatisfy { $0.1 == $0.0 * 2 })
      let statistics = await client.statistics
      #expect(statistics.opened <= 3)
      #expect(statistics.inUse == 0)
      #expect(statistics.closed.isEmpty)
    }
  }

  /// Reads that go out in one turn share a sync: the failure of one aborts those behind it, which are sent again.
  @Test func oneThatFailsTakesNoOtherDown() async throws {
    try await withClient { client, _ in
      let outcomes = await withTaskGroup(of: (Int, String).self) { group in
        for n in 0..<64 {
          // On the client's loop, so that those of one turn share a sync.
          group.addTask(executorPreference: client.loop) {
            let (dividend, divisor) = (PostgresValue.int4(Int32(n)), PostgresValue.int4(n.isMultiple(of: 7) ? 0 : 1))
            do {
              return (n, "\(try await client.read("SELECT $1 / $2", [dividend, divisor])[0].int(0))")
            } catch {
              return (n, (error as? PostgresError)?.sqlState ?? "\(error)")
            }
          }
        }
        return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      for n in 0..<64 { #expect(outcomes[n] == (n.isMultiple(of: 7) ? "22012" : "\(n)")) }
      #expect(await client.statistics.closed.isEmpty)
    }
  }

  /// The failure of one makes the server skip the preparing of another one's statement; what went out behind it, before
  /// that was known, must not count on the statement.
  @Test func oneThatFailsLeavesNobodyWithAStatementThatWasNeverPrepared() async throws {
    try await withClient { client, _ in
      try await client.withConnection { session in
        let outcomes = Mailbox<String>()
        session.onLoop { connection in
          func operation(_ sql: String, isSharing: Bool) -> Operation {
            Operation(sql, isSharing: isSharing) { result in
              switch result {
              case .success(let rows): outcomes.put("\(rows?.count ?? 0)")
              case .failure(let error): outcomes.put((error as? PostgresError)?.sqlState ?? "\(error)")
              }
            }
          }
          connection.sendRead(operation("SELECT 1 / 0", isSharing: true))
          connection.sendRead(operation("SELECT 'twice'", isSharing: true))
          // Ends the segment of the two.
          connection.send([operation("SELECT 'twice'", isSharing: false)])
        }
        #expect(await outcomes.next() == "22012")
        #expect(await outcomes.next() == "1")
        #expect(await outcomes.next() == "1")
      }
    }
  }

  @Test func aCancelledReadLeavesItsNeighboursAlone() async throws {
    try await withClient {
      $0.readLanes = 1
    } _: { client, _ in
      try await client.withConnection { session in
        try await session.query("SELECT pg_advisory_lock(1)")
        // Both on one connection; the server has no answer for either before the lock is free.
        let first = Task.immediate(executorPreference: client.loop) {
          try await client.read("SELECT pg_advisory_lock_shared(1)")
        }
        let second = Task.immediate(executorPreference: client.loop) { try await client.read("SELECT 1") }
        // Whoever asks for a connection after them gets one after them: they have been sent.
        try await client.query("SELECT 1")
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        try await session.query("SELECT pg_advisory_unlock(1)")
        let rows = try await second.value
        #expect(rows.count == 1)
        #expect(await client.statistics.closed.isEmpty)
      }
    }
  }

  /// What was cancelled is in the pipeline still, and the server works on it: it must not make room for more.
  @Test func cancelledReadsCountUntilTheServerHasDoneWithThem() async throws {
    try await withClient {
      $0.readLanes = 1
      $0.readsPerLane = 4
    } _: { client, _ in
      try await client.query("CREATE SEQUENCE reached")
      try await client.withConnection { session in
        try await session.query("SELECT pg_advisory_lock(1)")
        let held = Task(executorPreference: client.loop) { try await client.read("SELECT pg_advisory_lock_shared(1)") }
        let counted = (0..<20).map { _ in
          Task(executorPreference: client.loop) { try await client.read("SELECT nextval('reached')") }
        }
        // The tasks above, and the connection that they share, had their turns before this one has its answer.
        try await client.query("SELECT 1")
        try await session.query("SELECT 1")
        for read in counted { read.cancel() }
        for read in counted { await #expect(throws: CancellationError.self) { try await read.value } }
        try await session.query("SELECT pg_advisory_unlock(1)")
        _ = try await held.value
      }
      // Behind all that went out on the one lane.
      let last = try await client.read("SELECT coalesce(pg_sequence_last_value('reached'), 0)")[0].int(0)
      #expect(last <= 3)
    }
  }

  @Test func aKilledBackendFailsItsReadsOnlyAndIsReplaced() async throws {
    try await withClient {
      $0.readLanes = 1
    } _: { client, database in
      let reads = Task(executorPreference: client.loop) {
        await withTaskGroup(of: PostgresError?.self) { group in
          for _ in 0..<8 {
            group.addTask {
              do { _ = try await client.read("SELECT pg_sleep(10)") } catch { return error as? PostgresError }
              return nil
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
      }
      try await database.psql(
        """
        \(FailureTests.untilSleeping(1));
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'rollbackd' AND state = 'active';
        """)
      let errors = await reads.value
      #expect(errors.count == 8)
      #expect(errors.allSatisfy { $0?.isRetryable == true })
      #expect(errors.contains { $0?.sqlState == "57P01" })
      let rows = try await client.read("SELECT 1")
      #expect(rows.count == 1)
    }
  }
}
