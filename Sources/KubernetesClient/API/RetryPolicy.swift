public import HTTPClient

/// Decides whether a request is sent again, and when. Pure: the caller waits, and draws the random number.
///
/// A write is sent again only where it is certain that the first copy was not carried out: the server throttled it, or
/// said with 503 and `Retry-After` that it was not ready, or no byte of it left this host. Everything else that leaves
/// open what happened is the caller's to find out by reading the object.
public struct RetryPolicy: Sendable, Hashable {
  /// How a try ended.
  public enum Outcome: Sendable, Hashable {
    /// An answer other than 2xx.
    case answer(status: Int, retryAfter: Duration?)
    case transport(HTTPClientError)
  }

  public enum Decision: Sendable, Hashable {
    case retry(after: Duration)
    case giveUp
  }

  /// Tries after the first one, when the server answers and asks for patience.
  public var maximumRetries = 10
  /// Tries after the first one, when there is no answer. Few: the caller shall learn soon that the server is away.
  public var maximumTransportRetries = 3
  /// The wait before the first retry for which the server named none; it doubles each time.
  public var initialDelay: Duration = .milliseconds(100)
  public var maximumDelay: Duration = .seconds(5)
  /// A server that asks for more than this is obeyed by giving up: the caller knows better whether to wait.
  public var maximumRetryAfter: Duration = .seconds(30)

  public init() {}

  /// What to do after try number `attempt` (0 for the first) of a request ended so. `random` is in 0 ..< 1.
  public func decide(after attempt: Int, method: HTTPMethod, outcome: Outcome, random: Double) -> Decision {
    switch outcome {
    case .answer(let status, let retryAfter):
      guard attempt < maximumRetries, mayRepeat(method, status: status, retryAfter: retryAfter) else { return .giveUp }
      guard let retryAfter else { return .retry(after: backoff(attempt, random)) }
      guard retryAfter <= maximumRetryAfter else { return .giveUp }
      // Not all of those who were told the same number at the same moment.
      return .retry(after: retryAfter + retryAfter * 0.2 * random)
    case .transport(let error):
      guard attempt < maximumTransportRetries, mayRepeat(method, error) else { return .giveUp }
      return .retry(after: backoff(attempt, random))
    }
  }

  private func mayRepeat(_ method: HTTPMethod, status: Int, retryAfter: Duration?) -> Bool {
    switch status {
    case 429: true
    case 503: retryAfter != nil
    case 500...599: retryAfter != nil && isRead(method)
    default: false
    }
  }

  private func mayRepeat(_ method: HTTPMethod, _ error: HTTPClientError) -> Bool {
    switch error.code {
    case .connectionLost: isRead(method)
    // The connection that was not made may be the second: libcurl had sent the request on a pooled one before.
    case .connect, .nameResolution: !error.mayHaveReachedServer || isRead(method)
    default: false
    }
  }

  private func isRead(_ method: HTTPMethod) -> Bool {
    method == .get || method == .head
  }

  /// Between half of the doubled delay and all of it.
  private func backoff(_ attempt: Int, _ random: Double) -> Duration {
    let full = min(maximumDelay, initialDelay * (1 << min(attempt, 20)))
    return full * (0.5 + 0.5 * random)
  }
}
