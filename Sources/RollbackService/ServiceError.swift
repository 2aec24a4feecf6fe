public import RollbackMessages

/// A refusal or failure of a call: a stable reason, one sentence that names the object, and the objects by name.
///
/// It is the one error of the service; stores and clusters map theirs to it at their boundary, and the wire maps it to
/// `google.rpc.Status` with an `ErrorInfo`.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
  public let reason: ErrorReason
  /// For a person; names the object and, where there is one, the way out. Safe to show and to log.
  public let message: String
  /// For programs: for a conflict `deploy_id`, `actor`, `host`, `since`, `progress`.
  public let details: [String: String]
  /// How long whoever could not do it asks to be left alone; not sent to the caller.
  public let retryAfter: Duration?
  /// What lay behind it, for the log.
  public let cause: (any Error)?

  public init(
    _ reason: ErrorReason, _ message: String, details: [String: String] = [:], retryAfter: Duration? = nil,
    cause: (any Error)? = nil
  ) {
    self.reason = reason
    self.message = message
    self.details = details
    self.retryAfter = retryAfter
    self.cause = cause
  }

  public var description: String {
    cause.map { "\(reason.rawValue): \(message) (\($0))" } ?? "\(reason.rawValue): \(message)"
  }
}
