import RollbackService
import Testing

@testable import RollbackDaemon

@Suite struct AuditSelectionTests {
  @Test func `only what is asked for becomes a condition, and always as a parameter`() {
    let all = AuditSelection(AuditFilter(), limit: 10)
    #expect(!all.sql.contains("WHERE"))
    #expect(all.sql.hasSuffix("ORDER BY id DESC LIMIT $1"))
    let hostile = "x'; DROP TABLE paas_audit_events; --"
    let some = AuditSelection(
      AuditFilter(appID: hostile, action: "deploy.", isActionPrefix: true, before: 7), limit: 10)
    #expect(!some.sql.contains("DROP"))
    #expect(
      some.sql.hasSuffix(
        "WHERE details_jsonb ->> 'app_id' = $1 AND id < $2 AND starts_with(action::text, $3) "
          + "ORDER BY id DESC NULLS LAST LIMIT $4"))
    #expect(some.parameters.count == 4)
  }

  @Test func `following goes oldest first`() {
    #expect(AuditSelection(AuditFilter(after: 3), limit: 1).sql.hasSuffix("WHERE id > $1 ORDER BY id LIMIT $2"))
  }
}
