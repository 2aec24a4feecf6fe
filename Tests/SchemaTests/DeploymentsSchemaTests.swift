import FoundationEssentials
import Postgres
import DevServices
import RollbackTestKit
import Testing

@Suite("Deploy tables", .timeLimit(.minutes(1)))
struct DeploymentsSchemaTests {
  @Test func aSecondDeployInFlightIsRefusedByItsIndex() async throws {
    try await withApp { client, app in
      try await insert(client, app, status: "deploying")
      let error = try await #require(throws: PostgresError.self) { try await insert(client, app, status: "building") }
      #expect(error.constraint == "paas_deployments_in_flight")
      try await insert(client, app, status: "live")
    }
  }

  @Test func aRequestIsOneDeployOfAnApp() async throws {
    try await withApp { client, app in
      try await insert(client, app, request: "r1")
      try await insert(client, app, request: nil)
      try await insert(client, app, request: nil)
      let error = try await #require(throws: PostgresError.self) { try await insert(client, app, request: "r1") }
      #expect(error.constraint == "paas_deployments_request")
    }
  }

  @Test func oneDeployIsCurrent() async throws {
    try await withApp { client, app in
      try await insert(client, app)
      try await insert(client, app)
      let error = try await #require(throws: PostgresError.self) {
        try await client.query("UPDATE paas_deployments SET current = true")
      }
      #expect(error.constraint == "paas_deployments_current")
    }
  }

  @Test(
    arguments: [
      ("harbor/octave/hello:v1", nil, true), ("", nil, false), ("harbor/octave/hello:building", nil, false),
      ("harbor/octave/hello:v1", "image_gone", false),
    ] as [(String, String?, Bool)])
  func rollbackableFollowsFromTheImage(_ image: String, _ reason: String?, _ expected: Bool) async throws {
    try await withApp { client, app in
      try await client.query(
        "INSERT INTO paas_deployments (app_id, image_ref, status, not_rollbackable_reason) VALUES ($1, $2, 'live', $3)",
        [.uuid(app), .text(image), .text(reason)])
      let rollbackable = try await client.read("SELECT rollbackable FROM paas_deployments").first?.bool(0)
      #expect(rollbackable == expected)
    }
  }

  /// The page of an app with many deploys is read from the index, in its order.
  @Test func historyIsReadByKeyset() async throws {
    try await withApp { client, app in
      try await client.query(
        """
        INSERT INTO paas_deployments (app_id, image_ref, status, created_at)
        SELECT $1, 'i:' || n, 'superseded', now() - n * interval '1 minute' FROM generate_series(1, 20000) n
        """, [.uuid(app)])
      try await client.query("ANALYZE paas_deployments")
      let plan = try await client.query(
        """
        EXPLAIN SELECT * FROM paas_deployments
        WHERE app_id = '\(app)' AND created_at <= now() - interval '100 minutes'
        ORDER BY created_at DESC, id LIMIT 20
        """
      ).map { try $0.string(0) }.joined(separator: "\n")
      #expect(plan.contains("paas_deployments_by_app"), "\(plan)")
      #expect(!plan.contains("Sort"), "\(plan)")
    }
  }

  private func insert(
    _ client: PostgresClient, _ app: UUID, status: String = "live", request: String? = nil
  ) async throws {
    try await client.query(
      "INSERT INTO paas_deployments (app_id, request_id, image_ref, status) VALUES ($1, $2, 'i:1', $3)",
      [.uuid(app), .text(request), .text(status)])
  }

  private func withApp(_ body: (PostgresClient, UUID) async throws -> Void) async throws {
    try await withDatabase { client, _ in
      let app = UUID()
      try await client.query(
        "INSERT INTO paas_apps (id, name, namespace, deployment, container) VALUES ($1, 'a', 'n', 'd', 'c')",
        [.uuid(app)])
      try await body(client, app)
    }
  }
}
