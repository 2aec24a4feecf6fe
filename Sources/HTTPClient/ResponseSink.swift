internal import LinuxIO
internal import Locking

/// Where a transfer puts what it receives. Called on the loop, from within libcurl, so it must not call libcurl.
protocol ResponseSink: AnyObject {
  func receive(_ head: HTTPResponseHead)
  /// Takes bytes of body; an error ends the transfer with it.
  func receive(_ bytes: UnsafeRawBufferPointer) -> HTTPClientError?
  /// The last call; nil for an answer that came whole.
  func finish(_ error: HTTPClientError?)
}

/// Gathers an answer, at most `limit` bytes of it, and hands it over when it is whole.
final class CollectingSink: ResponseSink {
  private let limit: Int
  private let completion: CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>
  private var head: HTTPResponseHead?
  private var body: [UInt8] = []

  init(limit: Int, completion: CheckedContinuation<Result<HTTPResponse, HTTPClientError>, Never>) {
    self.limit = limit
    self.completion = completion
  }

  func receive(_ head: HTTPResponseHead) {
    self.head = head
    if let announced = head.headers["Content-Length"].flatMap({ Int($0) }), announced > 0 {
      body.reserveCapacity(min(announced, limit))
    }
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> HTTPClientError? {
    guard body.count + bytes.count <= limit else {
      return HTTPClientError(code: .tooLarge, message: "the response's body is larger than \(limit) bytes")
    }
    body.append(contentsOf: bytes)
    return nil
  }

  func finish(_ error: HTTPClientError?) {
    if let error {
      completion.resume(returning: .failure(error))
    } else if let head {
      completion.resume(returning: .success(HTTPResponse(head: head, body: body)))
    } else {
      completion.resume(
        returning: .failure(HTTPClientError(code: .protocolViolation, message: "the response has no head")))
    }
  }
}

/// Hands the head over when it has come, then fills a buffer that the body's reader empties.
final class StreamSink: ResponseSink {
  /// The buffer, shared with the reader, behind its lock.
  final class Buffer: Sendable {
    private let state: Locked<StreamBuffer<StreamSource.Reader>>

    init(capacity: Int) {
      state = Locked(StreamBuffer(capacity: capacity))
    }

    func locked<Result: Sendable>(
      _ body: (inout StreamBuffer<StreamSource.Reader>) -> Result
    ) -> Result {
      state.withLock { body(&$0) }
    }
  }

  private let buffer: Buffer
  private var completion: CheckedContinuation<Result<HTTPResponseHead, HTTPClientError>, Never>?

  init(buffer: Buffer, completion: CheckedContinuation<Result<HTTPResponseHead, HTTPClientError>, Never>) {
    self.buffer = buffer
    self.completion = completion
  }

  func receive(_ head: HTTPResponseHead) {
    completion?.resume(returning: .success(head))
    completion = nil
  }

  func receive(_ bytes: UnsafeRawBufferPointer) -> HTTPClientError? {
    let received = buffer.locked { $0.receive(bytes) }
    switch received {
    case .stored: return nil
    case .deliver(let reader, let chunk):
      reader.resume(returning: .success(chunk))
      return nil
    case .overflow, .ignored:
      return HTTPClientError(code: .tooLarge, message: "the stream's reader is too far behind")
    }
  }

  func finish(_ error: HTTPClientError?) {
    if let completion {
      self.completion = nil
      let missing = HTTPClientError(code: .protocolViolation, message: "the response has no head")
      completion.resume(returning: .failure(error ?? missing))
    }
    if let (reader, chunk) = buffer.locked({ $0.finish(error) }) {
      reader.resume(returning: chunk)
    }
  }
}
