public import ConnectionPool
public import LinuxIO

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// PostgreSQL behind a pool of connections, driven by one loop.
///
/// Every method may be called from anywhere; in a task that prefers the loop nothing leaves its thread. Nothing is
/// opened before ``run()``; callers then wait for it. A caller that is cancelled gets `CancellationError` at once.
///
/// `@unchecked Sendable`: `pool` is touched on the loop only; every method hops there.
public final class PostgresClient: @unchecked Sendable {
  public let configuration: PostgresConfiguration
  let loop: EventLoop
  let threads = PostgresThreads()
  private let pool: PostgresPool

  /// A connection of the pool in a caller's hands.
  typealias Lease = PostgresPool.Pool.Lease

  /// Starts nothing.
  ///
  /// - Throws: ``PostgresError/Code/invalidConfiguration`` when the connection string or the pool's configuration makes
  ///   no sense. What only the environment or the service file makes senseless is found by the first connection.
  public init(configuration: PostgresConfiguration, loop: EventLoop) throws(PostgresError) {
    if let problem = PostgresConnectStart.problem(configuration.conninfo) { throw problem }
    if let problem = configuration.pool.problem { throw PostgresError(.invalidConfiguration, problem) }
    self.configuration = configuration
    self.loop = loop
    pool = PostgresPool(configuration: configuration, loop: loop, threads: threads)
  }

  /// Keeps the pool until ``drain()`` has emptied it; when the task is cancelled, closes every connection at once.
  public func run() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        onLoop { $0.start { continuation.resume() } }
      }
    } onCancel: {
      loop.execute { self.pool.stop() }
    }
  }

  /// Refuses new callers, serves those that wait, closes each connection as it is given back; ``run()`` then returns.
  /// Does not wait.
  public func drain() {
    loop.execute { self.pool.drain() }
  }

  /// What the pool holds and did.
  public var statistics: PoolStatistics {
    get async {
      await withUnsafeContinuation { continuation in
        onLoop { continuation.resume(returning: $0.statistics) }
      }
    }
  }

  // MARK: Single statements

  /// Runs one statement in a transaction of its own and waits until that is committed.
  ///
  /// - Throws: ``PostgresError``; of code `connectionLost` when it may or may not have taken effect. A caller that is
  ///   cancelled gets `CancellationError`, and the same holds.
  @discardableResult
  public func query(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresResult {
    #if ROLLBACKD_FAILPOINTS
      let whenSent = Failpoint.whenSent
    #endif
    return try await call { pool, call in
      let request = pool.acquire { result in
        switch result {
        case .failure(let error): call.finish(.failure(error))
        case .success(let lease):
          let operation = Operation(sql, parameters) { result in
            pool.release(lease)
            call.end(result)
          }
          call.begin(operation, on: lease.connection)
          lease.connection.send([operation])
          #if ROLLBACKD_FAILPOINTS
            lease.connection.befall(whenSent)
          #endif
        }
      }
      if let request { call.wait(request) }
    }
  }

  /// Runs one statement that changes nothing. Reads of different callers share connections, several on their way at
  /// once; it may be sent a second time when another one's failure swept it away.
  public func read(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> PostgresResult {
    try await call { pool, call in
      let operation = Operation(sql, parameters, isSharing: true) { call.end($0) }
      call.begin(operation, on: nil)
      pool.read(operation)
    }
  }

  // MARK: Connections

  /// Lends a connection for as long as `body` runs. One that comes back broken, in a transaction or with results still
  /// to come is closed.
  public func withConnection<Value>(_ body: (PostgresSession) async throws -> Value) async throws -> Value {
    let session = try await acquire()
    defer { release(session) }
    return try await body(session)
  }

  /// Runs `body` in a transaction, which is committed when `body` returns and rolled back when it throws or its task is
  /// cancelled.
  ///
  /// - Throws: what `body` throws; ``PostgresError/Code/commitOutcomeUnknown`` when COMMIT was sent and not answered.
  public func withTransaction<Value>(
    _ kind: PostgresTransaction.Kind = .readCommitted, _ body: (PostgresTransaction) async throws -> Value
  ) async throws -> Value {
    try await withConnection { try await $0.withTransaction(kind, body) }
  }

  /// Runs a query of any size and hands `body` its rows as they come. When `body` is slow the server waits.
  ///
  /// When `body` returns before the last row the server is asked to stop and the connection is closed.
  public func withRows<Value>(
    _ sql: String, _ parameters: [PostgresValue] = [], _ body: (PostgresRows) async throws -> Value
  ) async throws -> Value {
    try await withConnection { try await $0.withRows(sql, parameters, body) }
  }

  private func acquire() async throws -> PostgresSession {
    try Task.checkCancellation()
    let loop = self.loop
    let call = PostgresCall<PostgresSession>()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        onLoop { pool in
          guard call.start(continuation) else { return }
          let request = pool.acquire { result in
            switch result {
            case .failure(let error): call.finish(.failure(error))
            case .success(let lease): call.finish(.success(PostgresSession(lease, loop: loop)))
            }
          }
          if let request { call.wait(request) }
        }
      }
    } onCancel: {
      loop.execute { call.cancel(self.pool) }
    }
  }

  private func release(_ session: PostgresSession) {
    onLoop { pool in
      session.end()
      pool.release(session.lease)
    }
  }

  // MARK: Parts

  /// Runs `start` on the loop with a call that it is to finish once.
  private func call(
    _ start: @escaping @Sendable (PostgresPool, PostgresCall<PostgresResult>) -> Void
  ) async throws -> PostgresResult {
    try Task.checkCancellation()
    let call = PostgresCall<PostgresResult>()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        onLoop { pool in
          guard call.start(continuation) else { return }
          start(pool, call)
        }
      }
    } onCancel: {
      loop.execute { call.cancel(self.pool) }
    }
  }

  private func onLoop(_ body: @escaping @Sendable (PostgresPool) -> Void) {
    if loop.isCurrent {
      body(pool)
    } else {
      loop.execute { body(self.pool) }
    }
  }
}
