import RollbackMessages
import Testing

@testable import RollbackService

/// While nothing can be done for anybody, because the database's schema is not known.
@Suite(.timeLimit(.minutes(1))) struct ObstacleTests {
  @Test func `every call is answered unavailable with the reason, and does nothing`() async throws {
    try await Harness.run(dependencies: FakeHealth(obstacle: "no schema; try again")) { harness in
      let service = harness.service
      let caller = Harness.administrator
      let calls: [@Sendable () async throws -> Void] = [
        { _ = try await service.listDeploys(ListDeploysRequest(app: "a"), from: caller) },
        { _ = try await service.planRollback(PlanRollbackRequest(app: "a"), from: caller) },
        { try await service.rollback(RollbackRequest(app: "a"), from: caller) { _ in } },
        { try await service.deploy(DeployRequest(app: "a", image: "i:1"), from: caller) { _ in } },
        { try await service.watchDeploy(WatchDeployRequest(deploy: "x"), from: caller) { _ in } },
        { _ = try await service.cancelDeploy(CancelDeployRequest(deploy: "x"), from: caller) },
        { try await service.queryAudit(AuditQueryRequest(), from: caller) { _ in } },
        { _ = try await service.verifyAudit(VerifyAuditRequest(), from: caller) },
        { _ = try await service.registerApp(RegisterAppRequest(name: "a"), from: caller) },
        { _ = try await service.listApps(ListAppsRequest(), from: caller) },
        { _ = try await service.recordMigration(RecordMigrationRequest(app: "a"), from: caller) },
        { _ = try await service.listMigrations(ListMigrationsRequest(app: "a"), from: caller) },
      ]
      for call in calls {
        let error = await #expect(throws: ServiceError.self) { try await call() }
        #expect(error?.reason == .unavailable)
        #expect(error?.message == "no schema; try again")
      }
      #expect(harness.database.calls.isEmpty && harness.database.actions.isEmpty)
      _ = try await service.health(GetHealthRequest(), from: caller)
    }
  }
}
