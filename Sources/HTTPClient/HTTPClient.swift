public import LinuxIO
internal import Synchronization

/// An HTTP/1.1 and HTTP/2 client: libcurl, driven by an ``EventLoop``.
///
/// Every method may be called from any task; called on the loop, it starts its request without leaving it. Redirects
/// are not followed, cookies are not kept, nothing is sent again by this client (but see
/// ``HTTPRequest/requiresNewConnection``). Cancelling the calling task ends its request at once.
public final class HTTPClient: Sendable {
  private let loop: EventLoop
  private let core: HTTPClientCore

  /// Starts nothing; the first request opens the first connection. Throws `.invalidRequest` for a configuration that
  /// cannot work.
  public init(loop: EventLoop, configuration: HTTPClientConfiguration = .init()) throws(HTTPClientError) {
    try configuration.validate()
    if let failure = CurlLibrary.failure { throw failure }
    self.loop = loop
    core = HTTPClientCore(loop: loop, configuration: configuration)
  }

  deinit {
    loop.execute { [core] in core.shutDown() }
  }

  /// Sends a request and waits for the whole answer, whatever its status.
  ///
  /// - Parameter tls: what this request, and those that follow without one, are sent with, on new connections where it is
  ///   another than before; those in flight end as they began. Nil for what the last one set, or the configuration.
  public func execute(
    _ request: HTTPRequest, tls: TLSConfiguration? = nil
  ) async throws(HTTPClientError) -> HTTPResponse {
    try request.validate()
    let ticket = Ticket()
    let result: Result<HTTPResponse, HTTPClientError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        onLoop { core in
          core.start(
            request, tls: tls, ticket: ticket,
            sink: CollectingSink(limit: request.maximumBodySize, completion: continuation))
        }
      }
    } onCancel: {
      cancel(ticket)
    }
    return try result.get()
  }

  /// Sends a request and waits for the answer's head; its body follows as it comes.
  ///
  /// - Parameter tls: as ``execute(_:tls:)`` takes it.
  public func stream(
    _ request: HTTPRequest, tls: TLSConfiguration? = nil
  ) async throws(HTTPClientError) -> HTTPStreamingResponse {
    try request.validate()
    let ticket = Ticket()
    let buffer = StreamSink.Buffer(capacity: core.streamBufferSize)
    // Made before the head comes, so that the transfer ends however this method is left.
    let source = StreamSource(buffer: buffer) { [weak self] in self?.cancel(ticket) }
    let result: Result<HTTPResponseHead, HTTPClientError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        onLoop { core in
          core.start(request, tls: tls, ticket: ticket, sink: StreamSink(buffer: buffer, completion: continuation))
        }
      }
    } onCancel: {
      cancel(ticket)
    }
    return HTTPStreamingResponse(head: try result.get(), body: HTTPBody(source: source))
  }

  /// The counters at this moment.
  public var statistics: HTTPClientStatistics {
    get async {
      await withCheckedContinuation { continuation in
        onLoop { core in continuation.resume(returning: core.statistics) }
      }
    }
  }

  /// Ends every request in flight with `.shutDown`, closes every connection and refuses what comes after.
  public func shutDown() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      onLoop { core in
        core.shutDown()
        continuation.resume()
      }
    }
  }

  private func onLoop(_ work: @escaping @Sendable (HTTPClientCore) -> Void) {
    if loop.isCurrent {
      work(core)
    } else {
      loop.execute { [core] in work(core) }
    }
  }

  private func cancel(_ ticket: Ticket) {
    // The flag first: if the request has not reached the loop yet, it finds the flag there.
    ticket.isCancelled.store(true, ordering: .releasing)
    loop.execute { [core] in core.cancel(ticket) }
  }
}

/// Names a request from its start to its end, and tells whether it was given up before it began.
final class Ticket: Sendable {
  let isCancelled = Atomic<Bool>(false)
}
