internal import Locking
internal import Postgres
internal import RollbackMessages
internal import RollbackService

/// The database's key for fingerprints, read once.
final class EnvironmentKey: Sendable {
  private let known = Locked<[UInt8]?>(nil)

  /// - Throws: `PostgresError`; `internal` when the schema has no key.
  func read(_ client: PostgresClient) async throws -> [UInt8] {
    if let key = known.withLock({ $0 }) { return key }
    guard let key = try await client.read("SELECT key FROM paas_environment_key").first?.bytes(0) else {
      throw ServiceError(.internal, "paas_environment_key is empty; restore its row from a backup of the database")
    }
    known.withLock { $0 = key }
    return key
  }
}
