import DevServices
import RollbackMessages
import RollbackService
import Testing

/// What health tells of the real things.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HealthConformanceTests {
  @Test func `a schema that a newer daemon has migrated shows in the health of the older`() async throws {
    try await ConformanceEnvironment.run { environment in
      func database() async throws -> DatabaseHealth? {
        try await environment.service.health(GetHealthRequest(), from: ConformanceEnvironment.caller).database
      }
      let before = try #require(try await database())
      #expect(before.state == .ok && before.schemaVersion > 0)
      try await environment.database.psql(
        "INSERT INTO paas_rollbackd_schema (number, name, checksum) VALUES (999, 'what comes', 'x')")
      let after = try await database()
      #expect(after?.state == .degraded && after?.schemaVersion == 999)
      #expect(after?.message.contains("migration 999 (what comes), which this rollbackd does not know") == true)
      try await environment.database.psql("DROP TABLE paas_rollbackd_schema")
      let gone = try await database()
      #expect(gone?.state == .down && gone?.schemaVersion == 0)
      #expect(gone?.message == "the database has no rollbackd schema; run `rollbackd migrate`")
    }
  }
}
