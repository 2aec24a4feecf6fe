/// Why a pool gave no connection.
public enum PoolError: Error, Hashable, Sendable {
  /// None became free before the caller's deadline.
  case acquireTimeout
  /// The server cannot be reached at present.
  case unavailable
  /// Too many callers wait already.
  case queueFull
  /// The pool is shutting down, or is shut.
  case shuttingDown
}

extension PoolError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .acquireTimeout: "no connection became free in time"
    case .unavailable: "the server cannot be reached"
    case .queueFull: "too many callers wait for a connection"
    case .shuttingDown: "the connection pool is shut down"
    }
  }
}
