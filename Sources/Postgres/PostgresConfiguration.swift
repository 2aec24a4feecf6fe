public import ConnectionPool

/// Where the database is and how the client behaves towards it.
public struct PostgresConfiguration: Sendable {
  /// Any connection string or URL that libpq takes; empty for what the `PG*` variables and the service file say.
  ///
  /// libpq reads it, so all of its keywords work, several hosts and `target_session_attrs` too.
  public var conninfo: String

  public var pool = PoolConfiguration()

  /// How long opening one connection may take, when the connection string has no `connect_timeout`.
  public var connectTimeout: Duration = .seconds(5)

  /// The session's `statement_timeout`: the server ends a statement that takes longer.
  public var statementTimeout: Duration = .seconds(30)

  /// The session's `lock_timeout`.
  public var lockTimeout: Duration = .seconds(10)

  /// The session's `idle_in_transaction_session_timeout`: a client that died must not keep its locks.
  public var idleInTransactionTimeout: Duration = .seconds(30)

  /// A connection on which an answer is due and nothing came for `statementTimeout` and this is given up: its server,
  /// or the way to it, is frozen.
  public var answerGrace: Duration = .seconds(5)

  /// What `application_name` says when neither the connection string nor `PGAPPNAME` does.
  public var applicationName = "rollbackd"

  /// Connections that reads of different callers share by pipeline mode, at most.
  public var readLanes = 2

  /// Reads that may be on their way on one such connection.
  public var readsPerLane = 256

  public init(conninfo: String) {
    self.conninfo = conninfo
  }
}
