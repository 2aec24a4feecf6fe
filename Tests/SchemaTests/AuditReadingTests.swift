import DevServices
import Postgres
import RollbackMessages
import RollbackService
import RollbackTestKit
import Testing

@testable import RollbackDaemon

@Suite("Reading the audit trail", .timeLimit(.minutes(5)))
struct AuditReadingTests {
  private func log(_ client: PostgresClient) -> PostgresAuditLog {
    PostgresAuditLog(client: client, host: "host-a", userName: { _ in nil })
  }

  /// Five hundred rows of several apps, actions, actors and targets.
  private func fill(_ client: PostgresClient) async throws {
    try await client.query(
      """
      INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb)
      SELECT CASE WHEN n % 5 > 0 THEN 'actor-' || n % 5 END,
        (ARRAY['deploy.create', 'deploy.create.succeeded', 'deploy.rollback', 'deploy.rollback.failed', 'app.register',
          'Deploy.x', 'deploy', 'élan'])[1 + n % 8],
        'target-' || n % 7, jsonb_build_object('app_id', 'app-' || n % 3)
      FROM generate_series(1, 500) n
      """)
  }

  /// Every way to ask, read in pages of 60 and compared with a filter over all rows.
  @Test func `each filter and all together give what they name, newest first, page by page`() async throws {
    try await withDatabase { client, _ in
      try await fill(client)
      let log = log(client)
      let all = try await log.events(matching: AuditFilter(), limit: 1000)
      #expect(all.map(\.id) == Array((1...500).reversed()))
      let early = try #require(all[400].createdAt?.microseconds)
      let late = try #require(all[100].createdAt?.microseconds)
      var filters: [AuditFilter] = [AuditFilter()]
      for app in [nil, "app-1"] {
        for (action, isPrefix) in [
          (nil, false), ("deploy.rollback", false), ("deploy.rollback", true), ("deploy.", true), ("é", true),
          ("nothing", true),
        ] {
          for actor in [nil, "actor-2"] {
            for (since, until) in [(nil, nil), (early, late)]
              as [(Int64?, Int64?)]
            {
              filters.append(
                AuditFilter(
                  appID: app, action: action, isActionPrefix: isPrefix, actorID: actor, since: since, until: until))
            }
          }
        }
      }
      filters += [
        AuditFilter(targetID: "target-3"), AuditFilter(since: early), AuditFilter(until: late),
        AuditFilter(since: late, until: early), AuditFilter(action: "deploy.", isActionPrefix: true, until: late),
      ]
      for filter in filters {
        let expected = all.filter { Self.matches($0, filter) }.map(\.id)
        #expect(try await Self.pages(filter, log) == expected, "\(filter)")
        var following = filter
        following.after = 250
        let later = try await log.events(matching: following, limit: 1000).map(\.id)
        #expect(later == expected.filter { $0 > 250 }.reversed(), "\(filter)")
      }
    }
  }

  private static func pages(_ filter: AuditFilter, _ log: PostgresAuditLog) async throws -> [Int64] {
    var filter = filter
    var ids: [Int64] = []
    while true {
      let page = try await log.events(matching: filter, limit: 60)
      ids += page.map(\.id)
      guard page.count == 60 else { return ids }
      filter.before = page.last?.id
    }
  }

  private static func matches(_ event: AuditEvent, _ filter: AuditFilter) -> Bool {
    let time = event.createdAt?.microseconds ?? 0
    return filter.appID.map { event.detailsJSON.contains("\"\($0)\"") } ?? true
      && filter.action.map { filter.isActionPrefix ? event.action.hasPrefix($0) : event.action == $0 } ?? true
      && filter.actorID.map { event.actorID == $0 } ?? true && filter.targetID.map { event.targetID == $0 } ?? true
      && filter.since.map { time >= $0 } ?? true && filter.until.map { time < $0 } ?? true
  }

  /// Whatever the statistics say, no filter looks through the trail: that is what keeps a page's cost flat.
  @Test(arguments: [
    (AuditFilter(appID: "a"), "paas_audit_events_of_app"), (AuditFilter(actorID: "a"), "paas_audit_events_of_actor"),
    (AuditFilter(targetID: "a"), "paas_audit_events_of_target"),
    (AuditFilter(action: "deploy.create"), "paas_audit_events_of_action"),
    (AuditFilter(action: "deploy.create", before: 90), "paas_audit_events_of_action"),
    (AuditFilter(action: "deploy.", isActionPrefix: true), "paas_audit_events_of_action"),
    (AuditFilter(since: 1, until: 2), "paas_audit_events_of_time"),
    (AuditFilter(actorID: "a", since: 1, before: 5), "paas_audit_events_of_actor"),
    (AuditFilter(before: 90), "paas_audit_events_pkey"), (AuditFilter(after: 90), "paas_audit_events_pkey"),
  ])
  func `each filter has its index`(filter: AuditFilter, index: String) async throws {
    try await withDatabase { client, database in
      try await database.psql(
        """
        INSERT INTO paas_audit_events (actor_id, action, target_id)
          SELECT 'a', 'deploy.create', 'a' FROM generate_series(1, 3000);
        VACUUM ANALYZE paas_audit_events;
        """)
      let selection = AuditSelection(filter, limit: 51)
      let types = selection.parameters.map { parameter in
        switch parameter {
        case .text: "text"
        case .timestamptz: "timestamptz"
        default: "bigint"
        }
      }
      let values = selection.parameters.indices.map { _ in "NULL" }
      let plan = try await database.psql(
        """
        SET plan_cache_mode = force_generic_plan;
        PREPARE page (\(types.joined(separator: ", "))) AS \(selection.sql);
        EXPLAIN (COSTS OFF) EXECUTE page (\(values.joined(separator: ", ")));
        """)
      #expect(plan.contains(index), "\(plan)")
      #expect(!plan.contains("Seq Scan"), "\(plan)")
    }
  }

  @Test func `a clock that was set back hides no row from a span of time`() async throws {
    try await withDatabase { client, database in
      try await database.psql(
        """
        INSERT INTO paas_audit_events (action) SELECT 'x' FROM generate_series(1, 100);
        ALTER TABLE paas_audit_events DISABLE TRIGGER ALL;
        UPDATE paas_audit_events SET created_at = '2026-01-01'::timestamptz + id * interval '1 minute';
        UPDATE paas_audit_events SET created_at = created_at - interval '30 minutes' WHERE id BETWEEN 50 AND 60;
        ALTER TABLE paas_audit_events ENABLE TRIGGER ALL;
        """)
      let log = log(client)
      let all = try await log.events(matching: AuditFilter(), limit: 1000)
      for edge in all.compactMap({ $0.createdAt?.microseconds }) {
        for filter in [AuditFilter(since: edge), AuditFilter(until: edge)] {
          let expected = all.filter { Self.matches($0, filter) }.map(\.id)
          #expect(try await log.events(matching: filter, limit: 1000).map(\.id) == expected)
        }
      }
    }
  }

  @Test func `a platform's table of other types is read by its indexes too`() async throws {
    try await withDatabase(migrated: false) { client, database in
      try await database.psql(
        """
        CREATE TABLE paas_audit_events (
          id serial PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), actor_id uuid,
          action varchar(100) NOT NULL, target_id uuid, details_jsonb jsonb);
        INSERT INTO paas_audit_events (actor_id, action)
          SELECT ('00000000-0000-0000-0000-00000000000' || n % 3)::uuid, 'old.' || n % 2 FROM generate_series(1, 9) n;
        """)
      _ = try await SchemaMigrator(client: client).migrate()
      let log = log(client)
      let actor = "00000000-0000-0000-0000-000000000001"
      #expect(try await log.events(matching: AuditFilter(actorID: actor), limit: 10).map(\.id) == [7, 4, 1])
      let old = AuditFilter(action: "old.", isActionPrefix: true)
      #expect(try await log.events(matching: old, limit: 3).map(\.id) == [9, 8, 7])
    }
  }

  @Test func `the operators' query works unchanged`() async throws {
    try await withDatabase { client, database in
      try await client.query(
        """
        INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb)
        SELECT 'user', CASE WHEN n % 2 = 0 THEN 'deploy.rollback' ELSE 'deploy.rollback.succeeded' END, 'target-' || n,
          '{"app_id": "a", "from_deploy_id": "f", "to_deploy_id": "t", "image_ref": "i"}'
        FROM generate_series(1, 40) n
        """)
      let rows = try await database.psql(
        """
        SELECT created_at, actor_id, target_id, details_jsonb
        FROM paas_audit_events
        WHERE action = 'deploy.rollback'
        ORDER BY created_at DESC LIMIT 10;
        """
      ).split(separator: "\n")
      #expect(rows.count == 10)
      #expect(rows.first?.contains("|user|target-40|{") == true)
    }
  }

  @Test func `a new row is told to those who listen, when it is committed`() async throws {
    try await withDatabase { client, database in
      try await client.withNotifications(on: "paas_audit_events") { notifications in
        try await database.psql("INSERT INTO paas_audit_events (action) VALUES ('x'), ('y')")
        var iterator = notifications.makeAsyncIterator()
        #expect(await iterator.next()?.channel == "paas_audit_events")
      }
    }
  }
}
