/// The rows between a connection that reads them and a consumer that takes them, a batch at a time. Confined to the
/// loop of its connection.
final class RowBuffer {
  /// Past this many rows the connection stops reading until they are taken.
  static let limit = 512

  private var rows: [PostgresResult] = []
  private var ending: Result<Void, any Error>?
  private var waiter: ((Result<[PostgresResult]?, any Error>) -> Void)?
  /// Called when the rows were taken after the buffer was full.
  var whenTaken: (() -> Void)?

  var isFull: Bool { rows.count >= Self.limit }
  var hasEnded: Bool { ending != nil }

  func append(_ row: PostgresResult) {
    rows.append(row)
  }

  /// Hands over what is there to a consumer that waits.
  func flush() {
    guard let waiter, !rows.isEmpty || ending != nil else { return }
    self.waiter = nil
    take(waiter)
  }

  func end(_ result: Result<Void, any Error>) {
    guard ending == nil else { return }
    ending = result
    flush()
  }

  /// The next rows, as soon as there are any; nil after the last.
  func next(_ completion: @escaping (Result<[PostgresResult]?, any Error>) -> Void) {
    if rows.isEmpty, ending == nil {
      waiter = completion
    } else {
      take(completion)
    }
  }

  private func take(_ completion: (Result<[PostgresResult]?, any Error>) -> Void) {
    if rows.isEmpty {
      completion((ending ?? .success(())).map { nil })
      return
    }
    let wasFull = isFull
    var batch: [PostgresResult] = []
    swap(&batch, &rows)
    completion(.success(batch))
    if wasFull { whenTaken?() }
  }
}
