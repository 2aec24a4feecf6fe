/// A call that failed: thrown by handlers, and by clients' calls.
///
/// A handler throws it to choose what the caller is told; any other error becomes UNKNOWN without its text.
public struct RPCError: Error, Sendable, CustomStringConvertible {
  /// Who found that the call failed.
  public enum Origin: Hashable, Sendable {
    /// The peer answered so.
    case peer
    /// This side: a deadline, a limit, a cancelled task, an answer that makes no sense.
    case here
    /// The connection was lost or could not be used; whether the call ran is not known unless ``unsent``.
    case connection
    /// The connection was gone before anything of the call was handed to it, so it cannot have run.
    case unsent
  }

  /// What the caller is told.
  public var status: RPCStatus
  public var origin: Origin
  /// What led to it on this side; never sent.
  public var cause: (any Error)?

  public init(_ status: RPCStatus, origin: Origin = .here, cause: (any Error)? = nil) {
    self.status = status
    self.origin = origin
    self.cause = cause
  }

  public init(
    _ code: StatusCode, _ message: String, info: ErrorInfo? = nil, origin: Origin = .here, cause: (any Error)? = nil
  ) {
    self.init(RPCStatus(code, message, info: info), origin: origin, cause: cause)
  }

  public var code: StatusCode { status.code }
  public var message: String { status.message }
  /// The stable name of the cause, where the status states one.
  public var reason: String? { status.info?.reason }
  /// Whether another connection might have better luck.
  public var isConnectionLoss: Bool { origin == .connection || origin == .unsent }

  /// The status alone: messages are written for people to read, causes may quote what must not be logged.
  public var description: String { status.description }
}
