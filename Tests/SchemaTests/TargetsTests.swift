import Logging
import FoundationEssentials
import KubernetesObjects
import Postgres
import ProtobufC
import RollbackMessages
import Testing
import struct RolloutCore.ContainerEnvironment
import struct RolloutCore.DeployHistory
import struct RolloutCore.EnvironmentRecord
import struct RolloutCore.ImageReference
import enum RolloutCore.TargetWord

@testable import RollbackDaemon
@testable import RollbackService

@Suite("Targets, from the tables", .timeLimit(.minutes(2)))
struct TargetsTests {
  // MARK: The choice

  @Test func `the last known good deploy is found behind five hundred that failed`() async throws {
    try await withApp { client, store, app in
      try await insert(client, app, "i:v1", "superseded", ready: 9000)
      let good = try await insert(client, app, "i:v2", "superseded", ready: 9000)
      try await insert(client, app, "i:v3", "live", current: true, ready: 9000)
      for _ in 0..<500 { try await insert(client, app, "i:v4", "failed") }
      let situation = try #require(try await store.situation(of: "a", naming: "", requestID: ""))
      #expect(situation.current?.imageRef == "i:v3")
      #expect(situation.deploys.count == 3)
      #expect(situation.unsettled?.imageRef == "i:v4")
      let history = history(situation, running: "i:v3")
      #expect(try history.deploy(named: .lastKnownGood).id == good)
      #expect(try history.deploy(named: .back(2)).imageRef == "i:v1")
    }
  }

  @Test func `older deploys are read on, page by page, without a gap or a repetition`() async throws {
    try await withApp { client, store, app in
      var ids: [String] = []
      for number in 0..<130 { ids.append(try await insert(client, app, "i:\(number)", "superseded", ready: 5)) }
      var situation = try #require(try await store.situation(of: "a", naming: "", requestID: ""))
      #expect(situation.deploys.count == 50)
      while let next = situation.next {
        situation.add(try await store.served(of: situation.app, behind: next, limit: 7))
      }
      #expect(situation.deploys.map(\.id) == ids.reversed())
    }
  }

  @Test func `one that was overtaken before it was ready never served`() async throws {
    try await withApp { client, store, app in
      let served = try await insert(client, app, "i:v1", "superseded", ready: 5)
      try await insert(client, app, "i:v2", "superseded", request: "r1")
      let platform = try await insert(client, app, "i:v3", "superseded")
      let situation = try #require(try await store.situation(of: "a", naming: "", requestID: ""))
      #expect(situation.deploys.map(\.id) == [platform, served])
    }
  }

  /// What SQL says was rolled back from, row by row, is what the whole history says.
  @Test(arguments: 1...6)
  func `rolled back from is the same by SQL and by the whole history`(seed: UInt64) async throws {
    try await withApp { client, store, app in
      var random = SplitMix(state: seed)
      var ids: [String] = []
      for number in 0..<40 {
        let status =
          ["superseded", "superseded", "superseded", "failed", "cancelled"].randomElement(using: &random) ?? ""
        let isUnbuilt = status == "failed" && Bool.random(using: &random)
        let image = isUnbuilt ? "i:building" : "i:\(number)"
        let of = Bool.random(using: &random) ? ids.randomElement(using: &random) : nil
        let isReady = status == "superseded" && Int.random(in: 0..<5, using: &random) > 0
        ids.append(
          try await insert(
            client, app, image, status, ready: isReady ? 7 : nil, rollbackOf: of, request: "r\(number)"))
      }
      let app = try #require(try await store.app("a"))
      let all = try await store.deploys(of: app, after: nil, limit: 100, eligibleOnly: false)
      #expect(all.count == 40)
      let whole = DeployHistory(app: "a", deploys: all.map(Eligibility.planned), running: nil)
      let situation = try #require(try await store.situation(of: "a", naming: "", requestID: ""))
      let known = Set(situation.deploys.map(\.id))
      #expect(situation.rolledBackFrom == whole.rolledBackFrom.intersection(known))
    }
  }

  @Test func `the beginning of an id is found whatever its age, and of another app never`() async throws {
    try await withApp { client, store, app in
      let id = UUID(uuidString: "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60") ?? UUID()
      try await client.query(
        """
        INSERT INTO paas_deployments (id, app_id, image_ref, status, created_at)
        VALUES ($1, $2, 'i:1', 'failed', now() - interval '9 years')
        """, [.uuid(id), .uuid(app)])
      for word in ["0bd91e44", "0BD9", "0bd91e44-5a", id.uuidString] {
        let situation = try await store.situation(of: "a", naming: word, requestID: "")
        #expect(situation?.named.map(\.id) == [id.lowercased], "\(word)")
      }
      try await client.query(
        "INSERT INTO paas_apps (name, namespace, deployment, container) VALUES ('b', 'n', 'd2', 'c')")
      #expect(try await store.situation(of: "b", naming: "0bd9", requestID: "")?.named.isEmpty == true)
      #expect(try await store.situation(of: app.lowercased, naming: "0bd9", requestID: "")?.named.count == 1)
    }
  }

  /// Each is read from its index, in its order.
  @Test(arguments: ["paas_deployments_served", "paas_deployments_by_id", "paas_deployments_times_of_image"])
  func `an app with many deploys is searched by`(index: String) async throws {
    try await withApp { client, _, app in
      try await client.query(
        """
        INSERT INTO paas_deployments (app_id, image_ref, status, created_at, time_to_ready_ms)
        SELECT $1, 'i:' || n % 9, CASE WHEN n % 50 = 0 THEN 'superseded' ELSE 'failed' END,
          now() - n * interval '1 minute', CASE WHEN n % 50 = 0 THEN 10 END
        FROM generate_series(1, 20000) n
        """, [.uuid(app)])
      try await client.query("ANALYZE paas_deployments")
      let query =
        switch index {
        case "paas_deployments_served":
          PostgresDeployStore.selectServed(where: "d.app_id = '\(app)'", limit: "50")
        case "paas_deployments_by_id":
          "SELECT * FROM paas_deployments d WHERE d.app_id = '\(app)' AND d.id "
            + "BETWEEN '0bd91e44-0000-0000-0000-000000000000' AND '0bd91e44-ffff-ffff-ffff-ffffffffffff'"
        default:
          """
          SELECT time_to_ready_ms FROM paas_deployments WHERE app_id = '\(app)' AND image_ref = 'i:1'
            AND time_to_ready_ms IS NOT NULL ORDER BY created_at DESC LIMIT 5
          """
        }
      let plan = try await client.query("EXPLAIN " + query).map { try $0.string(0) }.joined(separator: "\n")
      #expect(plan.contains(index), "\(plan)")
      #expect(!plan.contains("Seq Scan on paas_deployments"), "\(plan)")
    }
  }

  // MARK: Times

  @Test func `times are the newest of the image, and of any, and how long it served`() async throws {
    try await withApp { client, store, app in
      let first = try await insert(client, app, "i:v1", "superseded", ready: 1000)
      try await insert(client, app, "i:v2", "superseded", ready: 2000)
      let failed = try await insert(client, app, "i:v3", "failed")
      try await insert(client, app, "i:v1", "live", current: true, ready: 3000)
      let app = try #require(try await store.app("a"))
      let times = try await store.timesToReady(of: app, image: "i:v1", limits: (5, 2))
      #expect(times.sameImage == [.seconds(3), .seconds(1)])
      #expect(times.anyImage == [.seconds(3), .seconds(2)])
      let deploy = try #require(try await store.deploy(first)?.deploy)
      // One minute apart, by insert().
      #expect(try await store.timeServed(by: deploy, of: app) == .seconds(60))
      let broken = try #require(try await store.deploy(failed)?.deploy)
      #expect(try await store.timeServed(by: broken, of: app) == nil)
      let current = try #require(try await store.situation(of: "a", naming: "", requestID: "")?.current)
      #expect(try await store.timeServed(by: current, of: app) == nil)
    }
  }

  // MARK: Eligible rows

  @Test func `the current deploy is eligible when another was tried on top of it`() async throws {
    try await withApp { client, store, id in
      try await insert(client, id, "i:v1", "superseded", ready: 1)
      let current = try await insert(client, id, "i:v2", "live", current: true, ready: 1)
      let app = try #require(try await store.app("a"))
      let before = try await store.deploys(of: app, after: nil, limit: 9, eligibleOnly: true)
      #expect(before.map(\.imageRef) == ["i:v1"])
      try await insert(client, id, "i:v3", "failed")
      let after = try await store.deploys(of: app, after: nil, limit: 9, eligibleOnly: true)
      #expect(after.map(\.imageRef) == ["i:v3", "i:v2", "i:v1"])
      #expect(after.first { $0.id == current }?.rollbackable == true)
    }
  }

  // MARK: Environments

  @Test func `an environment is kept with the deploy, by names and fingerprints, and found again`() async throws {
    try await withApp { client, store, id in
      let app = try #require(try await store.app("a"))
      let container = Container(
        name: "c", image: "i:1",
        env: [
          EnvironmentVariable(name: "PASSWORD", value: "hunter2"),
          EnvironmentVariable(name: "TOKEN", valueFrom: .init(secretKeyRef: .init(name: "s", key: "k"))),
        ])
      let record = try await store.fingerprint(ContainerEnvironment(container), of: app)
      let other = try await PostgresDeployStore(client: client, host: "host-a").fingerprint(
        ContainerEnvironment(container), of: app)
      #expect(record == other, "every host makes the same")
      let operations = PostgresOperationStore(
        client: client, deploys: store, codec: ProtobufCodec(), host: "h", instance: UUID(),
        leaseDuration: .seconds(15), userName: { _ in nil },
        log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let deployID = UUID().lowercased
      let intent = OperationIntent(
        deployID: deployID, app: app, imageRef: "i:1", imageDigest: "",
        plan: OperationPlan(
          image: "i:1", requestID: UUID().lowercased, isRollback: false, timeout: 1, soak: 0, failFast: true,
          fromDeployID: "", targetDeployID: "", actorID: nil), actorID: nil, reason: "", warnings: [],
        peer: Caller(processID: 1, userID: 0, groupID: 0), newestKnown: "", environment: record)
      guard case .started = try await operations.begin(intent) else {
        Issue.record("the operation did not begin")
        return
      }
      #expect(try await store.environment(of: deployID) == record)
      let stored = try await client.read("SELECT environment::text FROM paas_deployments").first?.string(0) ?? ""
      #expect(stored.contains("PASSWORD") && !stored.contains("hunter2"))
      // Rows of before, and of the platform.
      let earlier = try await insert(client, id, "i:0", "superseded")
      #expect(try await store.environment(of: earlier) == nil)
    }
  }

  @Test func `each database has a key of its own, and one only`() async throws {
    var keys: [[UInt8]] = []
    for _ in 0..<2 {
      try await withDatabase { client, _ in
        keys.append(try await EnvironmentKey().read(client))
        let error = try await #require(throws: PostgresError.self) {
          try await client.query(
            "INSERT INTO paas_environment_key (key) SELECT key FROM paas_environment_key")
        }
        #expect(error.sqlState == "23505")
      }
    }
    #expect(keys[0].count == 32 && keys[0] != keys[1])
  }

  // MARK: Helpers

  private func history(_ situation: Situation, running: String) -> DeployHistory {
    DeployHistory(
      app: "a", deploys: situation.deploys.map(Eligibility.planned), running: ImageReference(running),
      rolledBackFrom: situation.rolledBackFrom)
  }

  /// Adds the next deploy, a minute after the one before.
  @discardableResult
  private func insert(
    _ client: PostgresClient, _ app: UUID, _ image: String, _ status: String, current: Bool = false,
    ready: Int64? = nil, rollbackOf: String? = nil, request: String? = nil
  ) async throws -> String {
    let row = try await client.query(
      """
      INSERT INTO paas_deployments
        (app_id, image_ref, status, current, time_to_ready_ms, rollback_of, request_id, created_at, finished_at)
      SELECT $1, $2, $3, $4, $5, $6, $7, at, at + interval '1 second'
      FROM (SELECT coalesce(max(created_at), now() - interval '1 year') + interval '1 minute' AS at
        FROM paas_deployments) AS time
      RETURNING id
      """,
      [
        .uuid(app), .text(image), .text(status), .bool(current), .int8(ready),
        .uuid(rollbackOf.flatMap { UUID(uuidString: $0) }), .text(request),
      ])
    return try #require(try row.first?.uuid(0)).lowercased
  }

  private func withApp(_ body: (PostgresClient, PostgresDeployStore, UUID) async throws -> Void) async throws {
    try await withDatabase { client, _ in
      let app = UUID()
      try await client.query(
        "INSERT INTO paas_apps (id, name, namespace, deployment, container) VALUES ($1, 'a', 'n', 'd', 'c')",
        [.uuid(app)])
      try await body(client, PostgresDeployStore(client: client, host: "host-a"), app)
    }
  }
}

/// A generator that gives the same for the same seed (Steele, Lea and Flood's SplitMix64).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
