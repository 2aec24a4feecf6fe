internal import ConnectionPool

/// One caller that is suspended until the loop has its answer, and the way to end it early.
///
/// `@unchecked Sendable`: touched on the loop only; other threads carry it there.
final class PostgresCall<Value: Sendable>: @unchecked Sendable {
  private enum Stage {
    case new
    case waiting(PostgresPool.Pool.Request)
    case running(Operation, PostgresConnection?)
  }

  private var continuation: UnsafeContinuation<Value, any Error>?
  private var stage = Stage.new
  /// The caller was cancelled before the call came to the loop.
  private var isCancelled = false

  /// How long COMMIT may still take when its caller is cancelled.
  static var commitGrace: Duration { .milliseconds(150) }

  /// False when the caller was cancelled before: it has been told, and nothing is to be begun.
  func start(_ continuation: UnsafeContinuation<Value, any Error>) -> Bool {
    if isCancelled {
      continuation.resume(throwing: CancellationError())
      return false
    }
    self.continuation = continuation
    return true
  }

  func wait(_ request: PostgresPool.Pool.Request) {
    if case .new = stage { stage = .waiting(request) }
  }

  /// `connection` is nil for a read, which shares its connection.
  func begin(_ operation: Operation, on connection: PostgresConnection?) {
    stage = .running(operation, connection)
  }

  /// Resumes the caller, once.
  func finish(_ result: Result<Value, any Error>) {
    guard let continuation else { return }
    self.continuation = nil
    stage = .new
    continuation.resume(with: result)
  }

  /// The caller's task was cancelled; the call may be yet to start, or over.
  func cancel(_ pool: PostgresPool?) {
    isCancelled = true
    switch stage {
    case .new: break
    case .waiting(let request):
      if pool?.cancel(request) == true { finish(.failure(CancellationError())) }
    case .running(let operation, let connection?): connection.abandon(operation, grace: Self.commitGrace)
    case .running(let operation, nil): operation.finish(.failure(CancellationError()))
    }
  }
}

extension PostgresCall where Value == PostgresResult {
  /// Ends with what an operation ended with.
  func end(_ result: Result<PostgresResult?, any Error>) {
    finish(
      result.flatMap { value in
        value.map { .success($0) } ?? .failure(PostgresError(.protocolViolation, "a statement without a result"))
      })
  }
}
