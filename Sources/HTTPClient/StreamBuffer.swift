/// What of a streamed body has arrived and was not read yet: bounded, with room for one waiting reader. Pure but for
/// the reader's continuation, which it only stores.
struct StreamBuffer<Reader: Sendable>: Sendable {
  typealias Chunk = Result<[UInt8]?, HTTPClientError>

  enum Received: Sendable {
    case stored
    case deliver(Reader, [UInt8])
    /// The reader is too far behind; the stream has failed and the transfer must end.
    case overflow
    /// The stream has ended; the bytes are dropped.
    case ignored
  }

  enum Requested: Sendable {
    case wait
    case deliver(Chunk)
    /// Somebody reads already. A body has one reader.
    case refused
  }

  private let capacity: Int
  private var unread: [UInt8] = []
  private var end: HTTPClientError??
  private var reader: Reader?

  init(capacity: Int) {
    self.capacity = capacity
  }

  /// Bytes came.
  mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Received {
    guard end == nil else { return .ignored }
    if let reader {
      self.reader = nil
      return .deliver(reader, Array(bytes))
    }
    guard unread.count + bytes.count <= capacity else {
      unread = []
      let error = HTTPClientError(
        code: .tooLarge, message: "the stream's reader is more than \(capacity) bytes behind")
      end = .some(.some(error))
      return .overflow
    }
    unread.append(contentsOf: bytes)
    return .stored
  }

  /// The transfer ended; returns the reader that waits, with what to tell it.
  mutating func finish(_ error: HTTPClientError?) -> (Reader, Chunk)? {
    guard end == nil else { return nil }
    end = .some(error)
    guard let reader else { return nil }
    self.reader = nil
    // A reader waits only while nothing is unread.
    return (reader, error.map { .failure($0) } ?? .success(nil))
  }

  /// The reader wants everything there is.
  mutating func request(_ newReader: Reader) -> Requested {
    guard reader == nil else { return .refused }
    if !unread.isEmpty {
      defer { unread = [] }
      return .deliver(.success(unread))
    }
    switch end {
    case .none:
      reader = newReader
      return .wait
    case .some(.none): return .deliver(.success(nil))
    case .some(.some(let error)): return .deliver(.failure(error))
    }
  }
}
