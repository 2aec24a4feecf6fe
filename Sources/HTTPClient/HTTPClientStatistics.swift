/// Counters since the client was made.
public struct HTTPClientStatistics: Sendable, Hashable {
  public var requestsStarted = 0
  /// Answers received whole, whatever their status.
  public var requestsCompleted = 0
  public var requestsFailed = 0
  /// Failures by kind.
  public var failures: [HTTPClientError.Code: Int] = [:]
  public var requestsInFlight = 0
  /// TCP connections opened.
  public var connectionsOpened = 0
  /// How often a connection was suspected dead and everything after it began on a new one.
  public var transportsReplaced = 0
  /// Bytes of body received, after decompression.
  public var bodyBytesReceived = 0

  public init() {}
}
