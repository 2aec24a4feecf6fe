import ConnectionPool
import Foundation
import DevServices
import RollbackTestKit
import Testing

@testable import Postgres

@Suite("Streams of rows", .timeLimit(.minutes(1)))
struct StreamTests {
  @Test func everyRowComesOnceAndInOrder() async throws {
    try await withClient { client, _ in
      let (count, sum) = try await client.withRows("SELECT n FROM generate_series(1, $1::int8) n", [.int8(20_000)]) {
        rows in
        var (count, sum) = (0, 0)
        for try await row in rows {
          count += 1
          sum += try row.int(0)
          if try row.int(0) != count { Issue.record("row \(count) is \(try row.int(0))") }
        }
        return (count, sum)
      }
      #expect(count == 20_000)
      #expect(sum == 200_010_000)
      let statistics = await client.statistics
      #expect(statistics.opened == 1)
      #expect(statistics.closed.isEmpty, "the connection is kept")
    }
  }

  @Test func aStreamWithoutRowsEnds() async throws {
    try await withClient { client, _ in
      let count = try await client.withRows("SELECT 1 WHERE false") { try await $0.reduce(0) { count, _ in count + 1 } }
      #expect(count == 0)
    }
  }

  /// 100,000 rows of two kilobytes: in a process of its own, for what other tests need would be counted too.
  /// Not under the address sanitizer, which keeps what was freed for a while.
  @Test(.enabled(if: dlsym(nil, "__asan_init") == nil))
  func aHundredThousandRowsNeedConstantMemory() async throws {
    await #expect(processExitsWith: .success) {
      try await withClient(on: try await ThrowawayPostgres.own().makeDatabase()) { client, _ in
        var (count, highest, before) = (0, 0, 0)
        try await client.withRows("SELECT n, repeat('x', 2000) FROM generate_series(1, 100000) n") { rows in
          while let batch = try await rows.nextBatch() {
            count += batch.count
            let resident = try residentBytes()
            if count < 5000 { before = max(before, resident) }
            highest = max(highest, resident)
          }
        }
        try #require(count == 100_000)
        try #require(highest - before < 32 << 20, "grew by \((highest - before) >> 20) MiB")
      }
    }
  }

  @Test func rowsBeforeAnErrorComeAndThenTheError() async throws {
    try await withClient { client, _ in
      var count = 0
      let error = try await #require(throws: PostgresError.self) {
        try await client.withRows("SELECT 10 / (2000 - n) FROM generate_series(1, 3000) n") { rows in
          for try await _ in rows { count += 1 }
        }
      }
      #expect(error.sqlState == "22012")
      #expect(count > 0 && count < 2000)
      #expect(await client.statistics.closed.isEmpty)
    }
  }

  @Test func aStreamLeftEarlyCostsItsConnectionAndStopsTheServer() async throws {
    try await withClient { client, database in
      // Made row by row; behind FROM the server would first write all of them to a file.
      let first = try await client.withRows("SELECT generate_series(1, 100000000)") { rows in
        var iterator = rows.makeAsyncIterator()
        return try await iterator.next()?.int(0)
      }
      #expect(first == 1)
      let rows = try await client.query("SELECT 1")
      #expect(rows.count == 1)
      #expect(await client.statistics.closed[.broken] == 1)
    }
  }

  @Test func aCancelledConsumerIsToldAtOnce() async throws {
    try await withClient { client, _ in
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      let reading = Task(executorPreference: client.loop) {
        try await client.withRows("SELECT 1 UNION ALL SELECT 1 FROM pg_sleep(30)") { rows in
          for try await _ in rows { continuation.yield() }
        }
      }
      continuation.yield()
      for await _ in started { break }
      reading.cancel()
      await #expect(throws: CancellationError.self) { try await reading.value }
      let rows = try await client.query("SELECT 1")
      #expect(rows.count == 1)
    }
  }
}

/// The second field of `/proc/self/statm`, in pages: proc(5).
private func residentBytes() throws -> Int {
  let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
}
