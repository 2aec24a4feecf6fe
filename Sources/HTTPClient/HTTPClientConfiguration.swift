/// What holds for every request of a client.
public struct HTTPClientConfiguration: Sendable {
  /// Which version of HTTP is spoken.
  public enum Version: Sendable {
    /// One connection for each request in flight. The default: a cut body is always noticed, cancelling a request closes
    /// its connection and costs the others nothing, and a dead connection takes only its own request with it. With
    /// HTTP/2, libcurl 7.88 has open defects in each of the three (curl issues 10693, 11052, 10988).
    case http1
    /// HTTP/2 where the server offers it over TLS, all requests on one connection.
    case http2
  }

  /// Which proxy is used.
  public enum Proxy: Sendable, Hashable {
    /// What `HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY` say.
    case environment
    case direct
    case url(String)
  }

  public var version: Version = .http1
  public var tls = TLSConfiguration()
  public var proxy: Proxy = .environment
  /// Sent with every request that does not set its own.
  public var userAgent: String?
  /// Connections to one server at a time; further requests wait for one, within their own timeouts.
  public var maximumConnections = 32
  /// Unread bytes that a streamed body may hold; beyond that the transfer ends with `.tooLarge`.
  public var streamBufferSize = 16 << 20
  /// Silence after which TCP asks whether the peer is there, and the time between such questions.
  public var keepAlive: (idle: Duration, interval: Duration) = (.seconds(30), .seconds(10))
  /// How long sent bytes may stay unacknowledged before the kernel drops the connection (tcp(7), TCP_USER_TIMEOUT).
  public var unacknowledgedTimeout: Duration = .seconds(60)
  /// Between these ages, drawn at random for each client, a pooled connection is no longer used.
  public var connectionLifetime: ClosedRange<Int64> = 900...1800

  public init() {}

  /// Throws `.invalidRequest` for values that cannot work, before anything starts.
  func validate() throws(HTTPClientError) {
    guard maximumConnections > 0 else { throw .invalidRequest("maximumConnections must be positive") }
    guard streamBufferSize > 0 else { throw .invalidRequest("streamBufferSize must be positive") }
    guard connectionLifetime.lowerBound > 0 else { throw .invalidRequest("connectionLifetime must be positive") }
    if case .url(let text) = proxy, text.isEmpty || text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) {
      throw .invalidRequest("the proxy's URL is empty or holds a space")
    }
  }
}
