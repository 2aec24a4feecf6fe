/// One statement on its way to the server and what came of it. Confined to the loop of its connection.
final class Operation {
  enum Kind {
    /// Its rows are gathered by libpq and come in one result.
    case collect
    /// Its rows come one by one, into this.
    case stream(RowBuffer)
    /// Several statements without parameters, in the simple protocol.
    case script
    /// COMMIT: once sent, only its answer tells what became of the transaction.
    case commit
  }

  let sql: String
  let parameters: [PostgresValue]
  let kind: Kind
  /// It may be sent again when a neighbour in its segment failed, and ends with its own result: a read.
  let isSharing: Bool
  var completion: ((Result<PostgresResult?, any Error>) -> Void)?
  /// Called once when nothing of it is on its way any more, which for a cancelled read is later than its completion.
  var whenGone: (() -> Void)?

  var result: PostgresResult?
  var error: PostgresError?
  var isCancelled = false
  var wasRepeated = false

  init(
    _ sql: String, _ parameters: [PostgresValue] = [], kind: Kind = .collect, isSharing: Bool = false,
    completion: ((Result<PostgresResult?, any Error>) -> Void)? = nil
  ) {
    self.sql = sql
    self.parameters = parameters
    self.kind = kind
    self.isSharing = isSharing
    self.completion = completion
  }

  /// It has left its connection's pipeline, or never came there.
  func leave() {
    let whenGone = self.whenGone
    self.whenGone = nil
    whenGone?()
  }

  /// Ends it for its caller, once.
  func finish(_ result: Result<PostgresResult?, any Error>) {
    let completion = self.completion
    self.completion = nil
    completion?(result)
    if case .stream(let buffer) = kind { buffer.end(result.map { _ in }) }
  }

  /// It has left its pipeline: ends it with what it has gathered.
  func finish() {
    if let error { finish(.failure(error)) } else { finish(.success(result)) }
    leave()
  }

  /// The connection ended with `error` before the answer came.
  func lose(_ error: PostgresError) {
    finish(.failure(loss(error)))
    leave()
  }

  private func loss(_ error: PostgresError) -> any Error {
    if case .commit = kind, self.error.map(\.endsSession) ?? true {
      return PostgresError(
        .commitOutcomeUnknown, "the connection ended before COMMIT was answered", cause: self.error ?? error)
    }
    return isCancelled ? CancellationError() : self.error ?? error
  }
}
