/// Why a request has no (complete) answer.
public struct HTTPClientError: Error, Sendable, Hashable {
  /// The kinds a caller tells apart.
  public enum Code: String, Sendable {
    /// The request itself cannot be sent: a URL, header or option that is not allowed. Nothing left this host.
    case invalidRequest
    /// The server's or the proxy's name could not be resolved.
    case nameResolution
    /// No TCP connection: refused, or unreachable. One that is not made in time is a ``timeout``.
    case connect
    /// No TLS session: the server's certificate was refused, ours was, or the handshake failed.
    case tls
    /// The total or the idle timeout passed.
    case timeout
    /// The connection ended before the answer was complete.
    case connectionLost
    /// What came is no valid HTTP, or has an encoding that was not asked for.
    case protocolViolation
    /// The answer is larger than the request allows, or a stream's reader fell too far behind.
    case tooLarge
    /// The task was cancelled, or the body was let go of.
    case cancelled
    /// The client was shut down.
    case shutDown
    /// libcurl could not do its work: out of memory, or a defect of ours.
    case failed
  }

  public var code: Code
  /// For people. Names the host, never a header's value.
  public var message: String
  /// libcurl's CURLcode, where it was libcurl that failed.
  public var curlCode: Int32?
  /// False only when it is certain that the server got nothing of the request, so that a write may be sent again.
  public var mayHaveReachedServer: Bool

  public init(code: Code, message: String, curlCode: Int32? = nil, mayHaveReachedServer: Bool = true) {
    self.code = code
    self.message = message
    self.curlCode = curlCode
    self.mayHaveReachedServer = mayHaveReachedServer
  }

  static func invalidRequest(_ message: String) -> HTTPClientError {
    HTTPClientError(code: .invalidRequest, message: message, mayHaveReachedServer: false)
  }

  static func cancelled(sent: Bool) -> HTTPClientError {
    HTTPClientError(code: .cancelled, message: "the request was cancelled", mayHaveReachedServer: sent)
  }

  static func shutDown(sent: Bool) -> HTTPClientError {
    HTTPClientError(code: .shutDown, message: "the HTTP client was shut down", mayHaveReachedServer: sent)
  }
}

extension HTTPClientError: CustomStringConvertible {
  public var description: String {
    curlCode.map { "\(message) (\(code.rawValue), curl \($0))" } ?? "\(message) (\(code.rawValue))"
  }
}
