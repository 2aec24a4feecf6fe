internal import Synchronization

/// An open transaction, for the length of ``PostgresClient/withTransaction(_:_:)``.
///
/// BEGIN goes out together with the first statement; a transaction without statements never reaches the server.
public final class PostgresTransaction: Sendable {
  /// How it sees what others do, and whether it may write.
  public enum Kind: String, Sendable {
    case readCommitted = "BEGIN ISOLATION LEVEL READ COMMITTED"
    case repeatableRead = "BEGIN ISOLATION LEVEL REPEATABLE READ"
    case serializable = "BEGIN ISOLATION LEVEL SERIALIZABLE"
    case readOnly = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
  }

  private let kind: Kind
  private let session: PostgresSession
  private let hasBegun = Atomic(false)

  init(_ kind: Kind, on session: PostgresSession) {
    self.kind = kind
    self.session = session
  }

  /// Runs one statement in the transaction. When it fails the transaction can only be rolled back.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresResult {
    try await session.run(sql, parameters, after: begin())
  }

  /// Runs several statements without parameters.
  public func execute(script: String) async throws {
    if let begin = begin() { _ = try await session.query(begin) }
    try await session.execute(script: script)
  }

  /// As ``PostgresClient/withRows(_:_:_:)``, in this transaction.
  public func withRows<Value>(
    _ sql: String, _ parameters: [PostgresValue] = [], _ body: (PostgresRows) async throws -> Value
  ) async throws -> Value {
    if let begin = begin() { _ = try await session.query(begin) }
    return try await session.withRows(sql, parameters, body)
  }

  func commit() async throws {
    if hasBegun.load(ordering: .relaxed) { try await session.commit() }
  }

  /// What has to be sent first.
  private func begin() -> String? {
    hasBegun.exchange(true, ordering: .relaxed) ? nil : kind.rawValue
  }
}
