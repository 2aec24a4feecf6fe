/// Status line and header fields of an answer.
public struct HTTPResponseHead: Sendable, Hashable {
  public var status: Int
  public var headers: HTTPHeaders

  public init(status: Int, headers: HTTPHeaders = [:]) {
    self.status = status
    self.headers = headers
  }
}

/// A complete answer.
///
/// Over HTTP/2, libcurl 7.88 takes a stream that the server reset for a finished one when no `Content-Length` was given
/// (curl issue 10693). So a caller never trusts "complete" alone: JSON must parse to its last brace.
public struct HTTPResponse: Sendable, Hashable {
  public var head: HTTPResponseHead
  public var body: [UInt8]

  public init(head: HTTPResponseHead, body: [UInt8] = []) {
    self.head = head
    self.body = body
  }

  public var status: Int { head.status }
  public var headers: HTTPHeaders { head.headers }
}

/// An answer whose body is still arriving. Letting go of `body` ends the transfer.
public struct HTTPStreamingResponse: Sendable {
  public let head: HTTPResponseHead
  public let body: HTTPBody

  public var status: Int { head.status }
  public var headers: HTTPHeaders { head.headers }
}
