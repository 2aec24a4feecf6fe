internal import ConnectionPool
internal import LinuxIO

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// A connection in one caller's hands, for the length of ``PostgresClient/withConnection(_:)``.
///
/// `@unchecked Sendable`: the connection and `hasEnded` are touched on the loop only; every method hops there.
public final class PostgresSession: @unchecked Sendable {
  let lease: PostgresClient.Lease
  let loop: EventLoop
  private var hasEnded = false

  init(_ lease: PostgresClient.Lease, loop: EventLoop) {
    self.lease = lease
    self.loop = loop
  }

  /// Runs one statement, in a transaction of its own unless one is open.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresResult {
    try await run(sql, parameters, after: { nil })
  }

  /// Runs several statements without parameters in the simple protocol, in one transaction unless the script says
  /// otherwise. For scripts of the program's own making only.
  public func execute(script: String) async throws {
    let _: PostgresResult = try await call { connection, call in
      let operation = Operation(script, kind: .script) { call.end($0) }
      call.begin(operation, on: connection)
      connection.sendScript(operation)
    }
  }

  /// As ``PostgresClient/withTransaction(_:_:)``, on this connection.
  public func withTransaction<Value>(
    _ kind: PostgresTransaction.Kind = .readCommitted, _ body: (PostgresTransaction) async throws -> Value
  ) async throws -> Value {
    let transaction = PostgresTransaction(kind, on: self)
    do {
      let value = try await body(transaction)
      try Task.checkCancellation()
      try await transaction.commit()
      return value
    } catch {
      await rollback()
      throw error
    }
  }

  /// As ``PostgresClient/withRows(_:_:_:)``, on this connection.
  public func withRows<Value>(
    _ sql: String, _ parameters: [PostgresValue] = [], _ body: (PostgresRows) async throws -> Value
  ) async throws -> Value {
    try Task.checkCancellation()
    let rows = PostgresRows(sql, parameters, on: self)
    onLoop { rows.start(on: $0) }
    defer { onLoop { rows.end(on: $0) } }
    return try await body(rows)
  }

  // MARK: Parts

  /// Runs a statement, behind what `first` says in the same segment. `first` is asked on the loop, when both are sent.
  func run(
    _ sql: String, _ parameters: [PostgresValue], after first: @escaping @Sendable () -> String?
  ) async throws -> PostgresResult {
    try await call { connection, call in
      let operation = Operation(sql, parameters) { call.end($0) }
      call.begin(operation, on: connection)
      connection.send(first().map { [Operation($0), operation] } ?? [operation])
    }
  }

  /// Runs a statement where `statement`, asked on the loop, says that one is due.
  func run(onlyIfDue statement: @escaping @Sendable () -> String?) async throws {
    let _: PostgresResult? = try await call { connection, call in
      guard let sql = statement() else { return call.finish(.success(nil)) }
      let operation = Operation(sql) { call.finish($0) }
      call.begin(operation, on: connection)
      connection.send([operation])
    }
  }

  /// Runs COMMIT, which a cancelled caller does not interrupt, where `isDue`, asked on the loop, says so.
  func commit(isDue: @escaping @Sendable () -> Bool) async throws {
    #if ROLLBACKD_FAILPOINTS
      let whenSent = Failpoint.whenSent
    #endif
    let result: PostgresResult? = try await call { connection, call in
      guard isDue() else { return call.finish(.success(nil)) }
      let operation = Operation("COMMIT", kind: .commit) { call.finish($0) }
      call.begin(operation, on: connection)
      connection.send([operation])
      #if ROLLBACKD_FAILPOINTS
        connection.befall(whenSent)
      #endif
    }
    // The server answers COMMIT with ROLLBACK when a statement before it failed.
    guard let result else { return }
    guard result.commandTag == "COMMIT" else {
      throw PostgresError(.transactionRolledBack, "a statement of the transaction had failed")
    }
  }

  /// Ends an open transaction, also in a task that is cancelled. A server that does not answer within a second loses
  /// the connection, which has the same effect.
  private func rollback() async {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      onLoop { connection in
        switch connection.condition {
        case .clean, .broken: return continuation.resume()
        case .undrained:
          connection.discard()
          return continuation.resume()
        case .inTransaction: break
        }
        let timer = self.loop.schedule(after: .seconds(1)) { connection.discard() }
        connection.send([
          Operation("ROLLBACK") { _ in
            timer.cancel()
            continuation.resume()
          }
        ])
      }
    }
  }

  /// On the loop: whoever keeps the session beyond its scope finds it closed.
  func end() { hasEnded = true }

  private func call<Value: Sendable>(
    _ start: @escaping @Sendable (PostgresConnection, PostgresCall<Value>) -> Void
  ) async throws -> Value {
    try Task.checkCancellation()
    let call = PostgresCall<Value>()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        onLoop { connection in
          guard call.start(continuation) else { return }
          guard !self.hasEnded else {
            return call.finish(.failure(PostgresError(.connectionLost, "the session has ended")))
          }
          start(connection, call)
        }
      }
    } onCancel: {
      loop.execute { call.cancel(nil) }
    }
  }

  func onLoop(_ body: @escaping @Sendable (PostgresConnection) -> Void) {
    if loop.isCurrent {
      body(lease.connection)
    } else {
      loop.execute { body(self.lease.connection) }
    }
  }
}
