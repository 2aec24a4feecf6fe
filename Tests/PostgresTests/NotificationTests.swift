import DevServices
import Testing

@testable import Postgres

@Suite("Notifications", .timeLimit(.minutes(1)))
struct NotificationTests {
  @Test func whatIsSentAfterTheStartComes() async throws {
    try await withClient { client, database in
      let payloads = try await client.withNotifications(on: "a \"channel\"") { notifications in
        try await client.query("SELECT pg_notify('a \"channel\"', 'one')")
        try await database.psql("NOTIFY \"a \"\"channel\"\"\", 'two'")
        var payloads: [String] = []
        for await notification in notifications {
          payloads.append(notification.payload)
          if payloads.count == 2 { break }
        }
        return payloads
      }
      #expect(payloads == ["one", "two"])
    }
  }

  @Test func itEndsWithItsConnection() async throws {
    try await withClient { client, database in
      try await client.withNotifications(on: "c") { notifications in
        try await database.psql(
          """
          SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE 'LISTEN%'
          """)
        for await _ in notifications { Issue.record("nothing was sent") }
      }
      let rows = try await client.query("SELECT 1")
      #expect(rows.count == 1)
    }
  }
}
