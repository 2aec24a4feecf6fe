/// How a pool behaves; the names are those that users of pgxpool, HikariCP and PgBouncer know.
public struct PoolConfiguration: Sendable, Hashable {
  /// Connections kept open even when nobody uses them.
  public var minimumConnections = 1

  /// Connections open at once, at most.
  public var maximumConnections = 4

  /// Connections being opened at once, at most: a pool that lost all of them does not storm the server.
  public var maximumConnecting = 2

  /// An idle connection beyond the minimum is closed after this long.
  public var idleTimeout: Duration = .seconds(600)

  /// A connection is replaced after this long, less up to a tenth at random, so that they do not all end together.
  public var lifetime: Duration = .seconds(3600)

  /// A connection that was idle for longer is asked whether it still answers before it is given out.
  public var validateAfter: Duration = .seconds(1)

  /// How long that answer may take.
  public var validationTimeout: Duration = .seconds(1)

  /// How long a caller waits for a connection unless it says otherwise.
  public var acquireTimeout: Duration = .seconds(5)

  /// Callers that may wait at once; one more is refused at once.
  public var maximumWaiters = 1000

  /// The first pause after a failed connect; it doubles with each further failure. The pause taken is a random part of
  /// it ("full jitter").
  public var minimumBackoff: Duration = .milliseconds(100)

  /// Where the doubling ends.
  public var maximumBackoff: Duration = .seconds(15)

  /// While the server cannot be reached, a caller may ask for an attempt ahead of the pause this often.
  public var minimumProbeInterval: Duration = .seconds(1)

  /// How long such a caller waits for that attempt; the others are refused at once.
  public var probeGrace: Duration = .milliseconds(100)

  /// The defaults above.
  public init() {}

  /// The first field that makes no sense, in its own words; nil when all do.
  public var problem: String? {
    if maximumConnections < 1 { return "maximumConnections must be at least 1" }
    if minimumConnections < 0 { return "minimumConnections must not be negative" }
    if minimumConnections > maximumConnections { return "minimumConnections must not exceed maximumConnections" }
    if maximumConnecting < 1 { return "maximumConnecting must be at least 1" }
    if maximumWaiters < 0 { return "maximumWaiters must not be negative" }
    let durations = [
      ("idleTimeout", idleTimeout), ("lifetime", lifetime), ("validationTimeout", validationTimeout),
      ("acquireTimeout", acquireTimeout), ("minimumBackoff", minimumBackoff), ("maximumBackoff", maximumBackoff),
    ]
    return durations.first { $0.1 <= .zero }.map { "\($0.0) must be longer than nothing" }
  }
}
