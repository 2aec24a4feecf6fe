internal import FoundationEssentials
internal import Postgres
internal import RollbackMessages
internal import RollbackService
internal import struct RolloutCore.ContainerEnvironment
internal import struct RolloutCore.EnvironmentRecord

/// What is known of a target beside its row: how long rollouts took, how long it served, its environment.
extension PostgresDeployStore {
  func timesToReady(
    of app: App, image: String, limits: (sameImage: Int, anyImage: Int)
  ) async throws -> (sameImage: [Duration], anyImage: [Duration]) {
    try await withDatabaseErrors {
      let id = PostgresValue.uuid(UUID(uuidString: app.id))
      async let same = client.read(
        """
        SELECT time_to_ready_ms FROM paas_deployments
        WHERE app_id = $1 AND image_ref = $2 AND time_to_ready_ms IS NOT NULL ORDER BY created_at DESC LIMIT $3
        """, [id, .text(image), .int8(Int64(limits.sameImage))])
      async let any = client.read(
        """
        SELECT time_to_ready_ms FROM paas_deployments
        WHERE app_id = $1 AND time_to_ready_ms IS NOT NULL ORDER BY created_at DESC LIMIT $2
        """, [id, .int8(Int64(limits.anyImage))])
      return try await (Self.durations(same), Self.durations(any))
    }
  }

  private static func durations(_ rows: PostgresResult) throws -> [Duration] {
    try rows.map { .milliseconds(try $0.int(0)) }
  }

  func timeServed(by deploy: DeployRecord, of app: App) async throws -> Duration? {
    let served = deploy.status == .live || deploy.status == .superseded && deploy.wasReady
    guard served, !deploy.current, let ready = deploy.finishedAt, let created = deploy.createdAt else { return nil }
    return try await withDatabaseErrors {
      let next = try await client.read(
        """
        SELECT d.finished_at FROM paas_deployments d
        WHERE d.app_id = $1 AND d.created_at > $2 AND \(Self.isServed) ORDER BY d.created_at, d.id DESC LIMIT 1
        """,
        [
          .uuid(UUID(uuidString: app.id)),
          .timestamptz(PostgresTimestamp(microsecondsSince1970: created.microseconds)),
        ])
      guard let until = try next.first?.decode(0, as: PostgresTimestamp?.self) else { return nil }
      let span = until.microsecondsSince1970 - ready.microseconds
      return span > 0 ? .microseconds(span) : nil
    }
  }

  // MARK: Environments

  func fingerprint(_ environment: ContainerEnvironment, of app: App) async throws -> EnvironmentRecord {
    try await withDatabaseErrors {
      EnvironmentFingerprint(key: try await environmentKey.read(client)).record(of: environment, app: app.id)
    }
  }

  func environment(of deployID: String) async throws -> EnvironmentRecord? {
    try await withDatabaseErrors {
      let rows = try await client.read(
        "SELECT environment::text FROM paas_deployments WHERE id = $1", [.uuid(UUID(uuidString: deployID))])
      guard let text = try rows.first?.decode(0, as: String?.self) else { return nil }
      return EnvironmentRecord(fingerprints: try JSONText.decode(text))
    }
  }
}

extension DeployRecord {
  /// Of a superseded one: whether it was ready before it was overtaken. Rows of other programs of the platform, which
  /// have no request id, count as such.
  fileprivate var wasReady: Bool { timeToReady != nil || requestID.isEmpty }
}
