internal import FoundationEssentials
internal import Postgres
internal import RollbackService

/// What daemons tell each other by NOTIFY: `cancel ID`, `released ID`, `ended ID APP`.
enum SignalChannel {
  /// Also in the trigger of schema migration 3.
  static let name = "paas_rollbackd"

  /// - Returns: nil for what a later version may send.
  static func signal(_ payload: String) -> OperationSignal? {
    let words = payload.split(separator: " ").map(String.init)
    guard words.count >= 2, UUID(uuidString: words[1]) != nil else { return nil }
    switch (words[0], words.count) {
    case ("cancel", 2): return .cancelRequested(deployID: words[1])
    case ("released", 2): return .released(deployID: words[1])
    case ("ended", 3): return .ended(deployID: words[1], appID: words[2])
    default: return nil
    }
  }
}

extension PostgresOperationStore {
  /// On a connection of its own, for as long as that lasts. Behind a pooler that changes sessions nothing is heard;
  /// everything is then found by looking, some seconds later.
  func listen(_ each: @escaping @Sendable (OperationSignal) -> Void) async throws {
    try await withDatabaseErrors {
      try await leases.withNotifications(on: SignalChannel.name) { notifications in
        each(.listening)
        for await notification in notifications {
          if let signal = SignalChannel.signal(notification.payload) { each(signal) }
        }
      }
    }
  }

  func recordRevert(_ record: RevertRecord, of lease: Lease) async throws -> Bool {
    try await withDatabaseErrors {
      let rows = try await client.query(
        """
        -- The lease's row is locked first, as everywhere: a takeover came before, or waits.
        WITH held AS (
          SELECT deploy_id FROM paas_operation_leases WHERE deploy_id = $1 AND fencing_token = $2 FOR UPDATE
        )
        UPDATE paas_deployments d SET revert = $3 FROM held
        WHERE d.id = held.deploy_id AND d.status = 'deploying'
        RETURNING d.id
        """,
        [
          .uuid(UUID(uuidString: lease.deployID)), .int8(lease.fencingToken), .jsonb(try JSONText.encode(record)),
        ])
      return !rows.isEmpty
    }
  }
}
