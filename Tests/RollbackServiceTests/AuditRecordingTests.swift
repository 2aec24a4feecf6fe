import Locking
import RollbackMessages
import Testing

@testable import RollbackService

@Suite(.timeLimit(.minutes(1))) struct AuditRecordingTests {
  private let stranger = Caller(processID: 9, userID: 4000, groupID: 4000)

  @Test func `every method denies strangers, and every denial is recorded`() async throws {
    try await Harness.run { harness in
      let service = harness.service
      let calls: [@Sendable () async throws -> Void] = [
        { _ = try await service.listDeploys(ListDeploysRequest(app: "a"), from: stranger) },
        { try await service.rollback(RollbackRequest(app: "a"), from: stranger) { _ in } },
        { try await service.deploy(DeployRequest(app: "a", image: "i:1"), from: stranger) { _ in } },
        { try await service.watchDeploy(WatchDeployRequest(deploy: "x"), from: stranger) { _ in } },
        { try await service.queryAudit(AuditQueryRequest(), from: stranger) { _ in } },
        { _ = try await service.verifyAudit(VerifyAuditRequest(), from: stranger) },
        { _ = try await service.health(GetHealthRequest(), from: stranger) },
        { _ = try await service.registerApp(RegisterAppRequest(name: "a"), from: stranger) },
        { _ = try await service.listApps(ListAppsRequest(), from: stranger) },
        { _ = try await service.recordMigration(RecordMigrationRequest(app: "a"), from: stranger) },
        { _ = try await service.listMigrations(ListMigrationsRequest(app: "a"), from: stranger) },
      ]
      for (index, call) in calls.enumerated() {
        let error = await #expect(throws: ServiceError.self) { try await call() }
        #expect(error?.reason == .notPermitted)
        #expect(harness.database.actions.count == index + 1)
      }
      #expect(Set(harness.database.actions) == ["access.denied:not_permitted"])
    }
  }

  @Test func `refused registrations and migrations are recorded`() async throws {
    try await Harness.run { harness in
      let administrator = Harness.administrator
      await #expect(throws: ServiceError.self) {
        try await harness.service.registerApp(
          RegisterAppRequest(name: "a", namespace: "-", deployment: "d", container: "c"), from: administrator)
      }
      await #expect(throws: ServiceError.self) {
        try await harness.service.recordMigration(
          RecordMigrationRequest(app: "unknown", version: "1"), from: administrator)
      }
      #expect(
        harness.database.actions == [
          "app.register.refused:invalid_argument", "migration.record.refused:not_found",
        ])
    }
  }

  @Test func `an app is not named like an app's id`() async throws {
    try await Harness.run { harness in
      let error = await #expect(throws: ServiceError.self) {
        try await harness.service.registerApp(
          RegisterAppRequest(
            name: "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60", namespace: "n", deployment: "d", container: "c"),
          from: Harness.administrator)
      }
      #expect(error?.reason == .invalidArgument && error?.message.contains("no UUID") == true)
    }
  }

  @Test func `a caller in a loop gets its refusals, and the trail a bounded number of rows`() async throws {
    try await Harness.run { harness in
      for _ in 0..<500 {
        await #expect(throws: ServiceError.self) {
          try await harness.service.listApps(ListAppsRequest(), from: stranger)
        }
      }
      #expect(harness.database.actions.count == 20)
      // Another caller is recorded all the same.
      await #expect(throws: ServiceError.self) {
        try await harness.service.registerApp(RegisterAppRequest(), from: Harness.operatorCaller)
      }
      #expect(harness.database.actions.count == 21)
    }
  }

  @Test func `what was counted is written when the service stops`() async throws {
    var database: FakeDatabase?
    try await Harness.run { harness in
      database = harness.database
      for _ in 0..<25 { _ = try? await harness.service.listApps(ListAppsRequest(), from: stranger) }
    }
    #expect(database?.actions.count == 21)
  }

  @Test func `a refusal stands when it cannot be recorded, and health says so until it can`() async throws {
    try await Harness.run { harness in
      harness.database.state.withLock { $0.outages["recordRefusal"] = 1 }
      let error = await #expect(throws: ServiceError.self) {
        try await harness.service.listApps(ListAppsRequest(), from: stranger)
      }
      #expect(error?.reason == .notPermitted)
      let health = try await harness.service.health(GetHealthRequest(), from: Harness.administrator)
      #expect(health.state == .degraded)
      #expect(health.database?.message.contains("cannot be recorded in the audit trail") == true)
      _ = try? await harness.service.listApps(ListAppsRequest(), from: stranger)
      #expect(try await harness.service.health(GetHealthRequest(), from: Harness.administrator).state == .ok)
    }
  }

  @Test func `a refusal is answered though the database stands still, and its row comes later, once`() async throws {
    var database: FakeDatabase?
    // Whoever would wait for a second goes on at once.
    try await Harness.run(clock: HeldClock(skippingUpTo: .seconds(1)), isPatient: true) { harness in
      database = harness.database
      harness.database.freeze("recordRefusal")
      for _ in 0..<3 {
        let error = await #expect(throws: ServiceError.self) {
          try await harness.service.listApps(ListAppsRequest(), from: stranger)
        }
        #expect(error?.reason == .notPermitted)
      }
      #expect(harness.database.actions.isEmpty)
      harness.database.thaw("recordRefusal")
    }
    #expect(database?.actions == Array(repeating: "access.denied:not_permitted", count: 3))
  }

  @Test func `what is refused after the operations are handed over is recorded too`() async throws {
    var kept: Harness?
    try await Harness.run { kept = $0 }
    let harness = try #require(kept)
    _ = try? await harness.service.listApps(ListAppsRequest(), from: stranger)
    #expect(harness.database.actions == ["access.denied:not_permitted"])
  }

  @Test(arguments: [
    (AuditQueryRequest(action: "deploy.*.refused"), "not at its end"),
    (
      AuditQueryRequest(since: Timestamp(seconds: 20), until: Timestamp(seconds: 10)),
      "since (1970-01-01T00:00:20Z) is not before until (1970-01-01T00:00:10Z)"
    ),
    (AuditQueryRequest(cursor: "abc"), "cursor"), (AuditQueryRequest(cursor: "-4"), "cursor"),
    (AuditQueryRequest(pageSize: 1001), "1 to 1000"), (AuditQueryRequest(actor: "a\u{7}"), "actor"),
    (AuditQueryRequest(app: "no such app"), "app"), (AuditQueryRequest(app: "unknown"), "unknown"),
  ])
  func `a wrong query is refused with what is wrong`(request: AuditQueryRequest, words: String) async throws {
    try await Harness.run { harness in
      let error = await #expect(throws: ServiceError.self) {
        try await harness.service.queryAudit(request, from: Harness.operatorCaller) { _ in }
      }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }

  @Test func `pages do not grow with the events`() {
    let large = String(repeating: "x", count: 400 << 10)
    let events = (1...7).map { AuditEvent(id: Int64(8 - $0), detailsJSON: large) }
    let pages = AuditPage.pages(events, endsAll: false)
    #expect(pages.map(\.events.count) == [3, 3, 1])
    #expect(pages.map(\.nextCursor) == ["5", "2", "1"])
    #expect(pages.flatMap(\.events) == events)
    #expect(AuditPage.pages(events, endsAll: true).last?.nextCursor == "")
    #expect(AuditPage.pages([], endsAll: true) == [AuditPage()])
  }
}
