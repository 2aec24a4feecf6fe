internal import RollbackMessages
internal import TTRPCCore

/// How a stream that is to be followed to its end came to another one.
enum StreamFailure: Error {
  /// There was no connection to open it on.
  case unreachable(RollbackError)
  /// It failed.
  case failed(RPCError)
  /// The server ended it as if all had been told.
  case endedEarly

  /// Whether the connection that it was on is of no use any more.
  var isOfConnection: Bool {
    if case .failed(let error) = self { error.isOfConnection } else { false }
  }

  /// What the caller is told, where that is the end of it.
  var error: RollbackError {
    switch self {
    case .unreachable(let error): error
    case .failed(let error): RollbackError(error)
    case .endedEarly: RollbackError(.connectionLost, "rollbackd ended the stream before all had been told.")
    }
  }
}
