/// What a pool holds now, and what it did since its start.
public struct PoolStatistics: Sendable, Hashable {
  /// Connections given out.
  public var inUse = 0
  /// Connections that wait for a user.
  public var idle = 0
  /// Connections being opened.
  public var connecting = 0
  /// Callers that wait for a connection.
  public var waiting = 0
  /// Whether the last attempt to connect failed.
  public var isFailing = false

  /// Callers that got a connection.
  public var acquired = 0
  /// How long they waited for it, added up.
  public var acquireTime: Duration = .zero
  /// How long the one that waited longest did.
  public var longestAcquireTime: Duration = .zero
  /// Callers that got none, by reason.
  public var refused: [PoolError: Int] = [:]
  /// Callers that stopped waiting themselves.
  public var cancelled = 0
  /// Connections opened.
  public var opened = 0
  /// Attempts to open one that failed.
  public var openFailures = 0
  /// Connections closed, by reason.
  public var closed: [PoolCloseReason: Int] = [:]

  public init() {}
}
