import FoundationEssentials
import Postgres
import RollbackTestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct QueryTests {
  @Test func aQueryReturnsItsRows() async throws {
    try await withClient { client, _ in
      let rows = try await client.query("SELECT $1::int4 + 1, $2::text || '!'", [.int4(41), "hello"])
      #expect(rows.count == 1)
      #expect(try rows[0].int(0) == 42)
      #expect(try rows[0].string(1) == "hello!")
    }
  }
}
