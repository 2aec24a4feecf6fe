/// A response's body as it arrives: chunks of whatever size the network gave, in order, the last followed by nil.
///
/// One reader at a time. `next()` suspends until there are bytes; it throws when the transfer fails, as
/// ``HTTPClientError/Code/cancelled`` when the reading task is cancelled. Cancelling, failing to keep up (see
/// ``HTTPClientConfiguration/streamBufferSize``) and letting go of the body each end the transfer.
public struct HTTPBody: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  public typealias Failure = HTTPClientError

  private let source: StreamSource

  init(source: StreamSource) {
    self.source = source
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(source: source)
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let source: StreamSource

    public func next(isolation actor: isolated (any Actor)? = #isolation) async throws(HTTPClientError) -> [UInt8]? {
      try await source.next(isolation: actor).get()
    }

    public func next() async throws(HTTPClientError) -> [UInt8]? {
      try await source.next(isolation: #isolation).get()
    }
  }
}

/// The reading end of a stream. When the last reference goes, so does the transfer.
final class StreamSource: Sendable {
  typealias Chunk = Result<[UInt8]?, HTTPClientError>
  typealias Reader = CheckedContinuation<Chunk, Never>

  private let buffer: StreamSink.Buffer
  private let cancel: @Sendable () -> Void

  init(buffer: StreamSink.Buffer, cancel: @escaping @Sendable () -> Void) {
    self.buffer = buffer
    self.cancel = cancel
  }

  deinit {
    cancel()
  }

  func next(isolation actor: isolated (any Actor)?) async -> Chunk {
    await withTaskCancellationHandler {
      await withCheckedContinuation { reader in
        switch buffer.locked({ $0.request(reader) }) {
        case .wait: break
        case .deliver(let chunk): reader.resume(returning: chunk)
        case .refused:
          assertionFailure("a body has one reader")
          reader.resume(returning: .failure(.invalidRequest("the body is being read already")))
        }
      }
    } onCancel: {
      // The transfer's end, which follows, wakes the reader.
      cancel()
    }
  }
}
