import DevServices
import FoundationEssentials
import LinuxIO
import Logging
import Postgres
import ProtobufC
import RollbackMessages
import RollbackService
import Testing

@testable import RollbackDaemon

/// What must not keep operations from being carried out: on a real PostgreSQL.
@Suite("Leases of operations", .timeLimit(.minutes(2)))
struct OperationLeaseTests {
  private let caller = Caller(processID: 1, userID: 0, groupID: 0, userName: "root")

  private func store(
    _ client: PostgresClient, _ host: String, reserved: PostgresClient? = nil
  ) -> PostgresOperationStore {
    PostgresOperationStore(
      client: client, deploys: PostgresDeployStore(client: client, host: host), codec: ProtobufCodec(), host: host,
      instance: UUID(), leaseDuration: .seconds(15), userName: { _ in nil },
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, reserved: reserved)
  }

  /// An operation of an app of its own.
  private func begin(_ name: String, _ store: PostgresOperationStore) async throws -> Lease {
    let (app, _) = try await store.deploys.register(
      App(name: name, namespace: "octave", deployment: name, container: "web"),
      by: AuditedAuthor(caller: caller, actorID: nil))
    let plan = OperationPlan(
      image: "r/hello:v3", requestID: UUID().lowercased, isRollback: false, timeout: 1, soak: 0, failFast: true,
      fromDeployID: "", targetDeployID: "", actorID: nil)
    let intent = OperationIntent(
      deployID: UUID().lowercased, app: app, imageRef: plan.image, imageDigest: "", plan: plan, actorID: nil,
      reason: "", warnings: [], peer: caller, newestKnown: "", replacing: nil)
    guard case .started(_, let lease, _) = try await store.begin(intent) else {
      throw ServiceError(.internal, "not started")
    }
    return lease
  }

  @Test func `a row that cannot be read keeps no other from being taken over, and is left to others`() async throws {
    try await withDatabase { client, database in
      let (a, b, c) = (store(client, "host-a"), store(client, "host-b"), store(client, "host-c"))
      let bad = try await begin("bad", a)
      let good = try await begin("good", a)
      try await database.psql("UPDATE paas_deployments SET operation = '{}' WHERE id = '\(bad.deployID)'")
      // The bad one comes first.
      try await a.release(bad)
      try await a.release(good)
      #expect(try await b.claimExpired(limit: 16, except: []).map(\.deploy.id) == [good.deployID])
      let holder = try await database.psql(
        "SELECT expires_at FROM paas_operation_leases WHERE deploy_id = '\(bad.deployID)'")
      #expect(holder == "-infinity")
      // It is not claimed again at once, nor by another one for good.
      #expect(try await b.claimExpired(limit: 16, except: []).isEmpty)
      let token = "SELECT fencing_token FROM paas_operation_leases WHERE deploy_id = '\(bad.deployID)'"
      #expect(try await database.psql(token) == "2")
      #expect(try await c.claimExpired(limit: 1, except: []).isEmpty)
      #expect(try await database.psql(token) == "3")
    }
  }

  @Test func `a cancellation that cannot be read costs nobody the lease`() async throws {
    try await withDatabase { client, database in
      let a = store(client, "host-a")
      let lease = try await begin("hello", a)
      try await database.psql("UPDATE paas_deployments SET cancel_requested = '{\"who\": 1}'")
      let renewal = try await a.renew(lease)
      #expect(renewal != nil && renewal?.cancellation == nil)
      try await a.release(lease)
      #expect(try await store(client, "host-b").claimExpired(limit: 1, except: []).count == 1)
    }
  }

  @Test func `leases are renewed though calls hold every connection of theirs`() async throws {
    try await withDatabase(connections: 1) { client, database in
      let loop = try EventLoop.start(label: "reserved")
      defer {
        loop.stop()
        loop.join()
      }
      let reserved = try PostgresClient(configuration: PostgresConfiguration(conninfo: database.conninfo), loop: loop)
      let running = Task(executorPreference: loop) { await reserved.run() }
      let a = store(client, "host-a", reserved: reserved)
      let lease = try await begin("hello", a)
      let renewal = try await client.withConnection { _ in try await a.renew(lease) }
      #expect(renewal != nil)
      running.cancel()
      await running.value
    }
  }
}
