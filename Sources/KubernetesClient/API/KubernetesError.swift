public import HTTPClient
public import KubernetesObjects

/// Why the API server did not do what was asked, or why it could not be asked.
public struct KubernetesError: Error, Sendable, Hashable {
  /// The kinds a caller tells apart.
  public enum Code: String, Sendable {
    /// No answer: no connection, no name, no TLS session, a cut or silent connection.
    case unreachable
    /// The API server's certificate was refused, or it refused ours.
    case tls
    /// 401, after the credentials were read afresh once.
    case unauthorized
    /// 403.
    case forbidden
    /// 404.
    case notFound
    /// 409, reason `Conflict`: the resourceVersion or uid given is not the object's.
    case conflict
    /// 409, reason `AlreadyExists`.
    case alreadyExists
    /// 409 with a cause `FieldManagerConflict`: a server-side apply met another manager's field.
    case fieldManagerConflict
    /// 410, or reason `Expired`: the resourceVersion or the page token asked for is too old.
    case gone
    /// 422 and 400: the request will not do, however often it is sent.
    case invalid
    /// 429: too many requests, even after the retries.
    case throttled
    /// 504, or a reason `Timeout` or `ServerTimeout`: the server gave up. A write may have been carried out.
    case serverTimeout
    /// Any other status.
    case refused
    /// What came is not what was asked for: broken JSON, an object of another shape, a line or body too large.
    case malformedAnswer
    /// Our credentials cannot be had: an unreadable file, a failing plugin.
    case credentials
    /// The task was cancelled, or the client was shut down.
    case cancelled
  }

  public var code: Code
  /// For people: what the server said, or what happened on the way. Never holds a token.
  public var message: String
  /// The HTTP status, where there was an answer.
  public var status: Int?
  /// The server's machine-readable reason (`NotFound`, `Expired` …), empty where it gave none.
  public var reason: String
  /// The server's further details.
  public var causes: [Status.Cause]
  /// How long the server asks us to wait.
  public var retryAfter: Duration?
  /// What went wrong below, where there was no answer.
  public var transport: HTTPClientError?

  public init(
    code: Code, message: String, status: Int? = nil, reason: String = "", causes: [Status.Cause] = [],
    retryAfter: Duration? = nil, transport: HTTPClientError? = nil
  ) {
    self.code = code
    self.message = message
    self.status = status
    self.reason = reason
    self.causes = causes
    self.retryAfter = retryAfter
    self.transport = transport
  }

  public var isConflict: Bool { code == .conflict }
  public var isNotFound: Bool { code == .notFound }
  public var isGone: Bool { code == .gone }
  public var isUnreachable: Bool { code == .unreachable || code == .tls }

  /// The resourceVersion asked for lies in the server's future.
  public var isResourceVersionTooLarge: Bool { causes.contains { $0.reason == "ResourceVersionTooLarge" } }
}

extension KubernetesError: CustomStringConvertible {
  public var description: String {
    let facts = [status.map(String.init), reason.isEmpty ? nil : reason].compactMap { $0 }.joined(separator: " ")
    return facts.isEmpty ? "\(message) (\(code.rawValue))" : "\(message) (\(code.rawValue), \(facts))"
  }
}
