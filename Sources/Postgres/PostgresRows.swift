internal import ConnectionPool
internal import LinuxIO

/// The rows of a query as they come, in constant memory. To be read once, by one task at a time.
///
/// `@unchecked Sendable`: `operation` and `buffer` are touched on the loop only.
public final class PostgresRows: AsyncSequence, @unchecked Sendable {
  public typealias Element = PostgresRow

  private let sql: String
  private let parameters: [PostgresValue]
  private let session: PostgresSession
  private let buffer = RowBuffer()
  private var operation: Operation?

  init(_ sql: String, _ parameters: [PostgresValue], on session: PostgresSession) {
    self.sql = sql
    self.parameters = parameters
    self.session = session
  }

  func start(on connection: PostgresConnection) {
    let operation = Operation(sql, parameters, kind: .stream(buffer))
    self.operation = operation
    connection.send([operation])
  }

  func end(on connection: PostgresConnection) {
    guard !buffer.hasEnded else { return }
    connection.requestCancel()
    connection.discard()
  }

  /// The rows that have come since the last call, at least one; nil after the last.
  public func nextBatch() async throws -> [PostgresRow]? {
    let results: [PostgresResult]? = try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        session.onLoop { _ in
          self.buffer.next { continuation.resume(with: $0) }
        }
      }
    } onCancel: {
      session.loop.execute {
        guard !self.buffer.hasEnded, let operation = self.operation else { return }
        operation.isCancelled = true
        self.end(on: self.session.lease.connection)
      }
    }
    return results.map { $0.map { $0[0] } }
  }

  public func makeAsyncIterator() -> Iterator { Iterator(rows: self) }

  public struct Iterator: AsyncIteratorProtocol {
    let rows: PostgresRows
    private var batch: [PostgresRow] = []
    private var index = 0

    init(rows: PostgresRows) { self.rows = rows }

    public mutating func next() async throws -> PostgresRow? {
      if index == batch.count {
        guard let next = try await rows.nextBatch() else { return nil }
        batch = next
        index = 0
      }
      defer { index += 1 }
      return batch[index]
    }
  }
}
