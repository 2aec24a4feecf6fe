public import RollbackMessages

/// Why a call did not do what it was asked to.
///
/// Holds what the daemon chose to tell; safe to show and to log.
public struct RollbackError: Error, Sendable, CustomStringConvertible {
  /// The stable name of the cause: one of the contract's, or one of this library's own
  /// (``RollbackMessages/ErrorReason/daemonUnreachable``, ``RollbackMessages/ErrorReason/connectionLost``,
  /// ``RollbackMessages/ErrorReason/cancelled``).
  public let reason: ErrorReason
  /// A sentence for a person, which names the object and, where there is one, the way out.
  public let message: String
  /// The objects by name: for a conflict `deploy_id`, `actor`, `host`, `since`, `progress`; for a daemon that cannot be
  /// reached `socket` and `errno`; for a rollout whose watching ended `deploy_id` and `next_seq`.
  public let details: [String: String]
  /// The canonical status code (google.rpc.Code), as it came or as it goes with the reason.
  public let code: UInt32
  /// What led to it on this side.
  public let cause: (any Error)?

  /// - Parameter code: nil for the one that goes with `reason`.
  public init(
    _ reason: ErrorReason, _ message: String, details: [String: String] = [:], code: UInt32? = nil,
    cause: (any Error)? = nil
  ) {
    self.reason = reason
    self.message = message
    self.details = details
    self.code = code ?? reason.clientStatusCode
    self.cause = cause
  }

  public var description: String { "\(reason.rawValue): \(message)" }
}

extension ErrorReason {
  /// There is nobody to talk to: no socket, nobody listening on it, or no permission to connect. The details' `errno`
  /// tells which.
  public static let daemonUnreachable = ErrorReason(rawValue: "daemon_unreachable")
  /// The connection went away during a call that may not be repeated by itself, or too often.
  public static let connectionLost = ErrorReason(rawValue: "connection_lost")
  /// The task that waited for the call was cancelled. What the daemon does goes on.
  public static let cancelled = ErrorReason(rawValue: "cancelled")

  fileprivate var clientStatusCode: UInt32 {
    switch self {
    case .daemonUnreachable, .connectionLost: 14
    case .cancelled: 1
    default: statusCode
    }
  }
}
