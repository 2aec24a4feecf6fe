import DevServices
import KubernetesClient
import KubernetesObjects
import RollbackMessages
import RollbackService
import Testing

/// Nothing is done without its record; what was refused stands without one; who follows the trail is woken.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AuditPolicyTests {
  private func obstruct(_ environment: ConformanceEnvironment) async throws {
    try await environment.database.psql(
      """
      CREATE FUNCTION obstacle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file: no space left on device' USING ERRCODE = '53100'; END $$;
      CREATE TRIGGER obstacle BEFORE INSERT ON paas_audit_events FOR EACH ROW EXECUTE FUNCTION obstacle();
      """)
  }

  @Test func `without its audit row a rollout does not begin`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("unrecorded")
      #expect(try await environment.deploy("unrecorded", "v1").finished?.outcome == .succeeded)
      let before = try await environment.kubernetes.get(
        Deployment.self, name: "unrecorded", namespace: environment.namespace
      ).object
      let deploys = try await environment.database.psql("SELECT count(*) FROM paas_deployments")
      try await obstruct(environment)
      let error = await #expect(throws: ServiceError.self) { try await environment.deploy("unrecorded", "v2") }
      #expect(error?.message.isEmpty == false)
      let after = try await environment.kubernetes.get(
        Deployment.self, name: "unrecorded", namespace: environment.namespace
      ).object
      #expect(after.metadata.generation == before.metadata.generation)
      #expect(after.spec == before.spec)
      #expect(after.metadata.annotations == before.metadata.annotations)
      #expect(try await environment.database.psql("SELECT count(*) FROM paas_deployments") == deploys)
      #expect(try await environment.database.psql("SELECT count(*) FROM paas_operation_leases").hasPrefix("0"))
      // The refusal could not be recorded either: health says so.
      let health = try await environment.service.health(GetHealthRequest(), from: ConformanceEnvironment.caller)
      #expect(health.database?.state == .degraded)
      try await environment.database.psql("DROP TRIGGER obstacle ON paas_audit_events")
      #expect(try await environment.deploy("unrecorded", "v2").finished?.outcome == .succeeded)
    }
  }

  @Test func `who follows the trail gets what others write, each once and in order`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.database.psql("INSERT INTO paas_audit_events (action) VALUES ('before.1'), ('before.2')")
      let (pages, sink) = AsyncStream.makeStream(of: AuditPage.self)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await environment.service.queryAudit(
            AuditQueryRequest(action: "*", follow: true), from: ConformanceEnvironment.caller
          ) { sink.yield($0) }
        }
        var iterator = pages.makeAsyncIterator()
        let history = await iterator.next()
        #expect(history?.events.map(\.action) == ["before.2", "before.1"])
        #expect(history?.nextCursor == "")
        // Wait until the daemon listens: from then on only a notification brings a row within half a minute.
        while !environment.service.auditBell.isHeard { await Task.yield() }
        var seen: [String] = []
        for n in 1...20 {
          try await environment.database.psql("INSERT INTO paas_audit_events (action) VALUES ('after.\(n)')")
          while seen.count < n, let page = await iterator.next() { seen += page.events.map(\.action) }
        }
        #expect(seen == (1...20).map { "after.\($0)" })
        group.cancelAll()
        while await group.nextResult() != nil {}
      }
    }
  }
}
