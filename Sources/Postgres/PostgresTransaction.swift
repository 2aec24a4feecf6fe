/// An open transaction, for the length of ``PostgresClient/withTransaction(_:_:)``.
///
/// BEGIN goes out together with the first statement; a transaction without statements never reaches the server.
///
/// `@unchecked Sendable`: `hasBegun` is read and written on the session's loop only.
public final class PostgresTransaction: @unchecked Sendable {
  /// How it sees what others do, and whether it may write.
  public enum Kind: String, Sendable {
    case readCommitted = "BEGIN ISOLATION LEVEL READ COMMITTED"
    case repeatableRead = "BEGIN ISOLATION LEVEL REPEATABLE READ"
    case serializable = "BEGIN ISOLATION LEVEL SERIALIZABLE"
    case readOnly = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
  }

  private let kind: Kind
  private let session: PostgresSession
  private var hasBegun = false

  init(_ kind: Kind, on session: PostgresSession) {
    self.kind = kind
    self.session = session
  }

  /// Runs one statement in the transaction. When it fails the transaction can only be rolled back.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresResult {
    try await session.run(sql, parameters, after: begin)
  }

  /// Runs several statements without parameters.
  public func execute(script: String) async throws {
    try await session.run(onlyIfDue: begin)
    try await session.execute(script: script)
  }

  /// As ``PostgresClient/withRows(_:_:_:)``, in this transaction.
  public func withRows<Value>(
    _ sql: String, _ parameters: [PostgresValue] = [], _ body: (PostgresRows) async throws -> Value
  ) async throws -> Value {
    try await session.run(onlyIfDue: begin)
    return try await session.withRows(sql, parameters, body)
  }

  func commit() async throws {
    try await session.commit { [self] in hasBegun }
  }

  /// On the loop, at the moment of sending: what has to be sent first, once.
  ///
  /// Not before, for a caller that is cancelled on its way to the loop sends nothing, and what follows would run without
  /// a transaction.
  @Sendable private func begin() -> String? {
    if hasBegun { return nil }
    hasBegun = true
    return kind.rawValue
  }
}
