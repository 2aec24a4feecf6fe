/// Why a call was refused or failed: a stable name for programs, the `reason` of the error's `ErrorInfo`.
public struct ErrorReason: RawRepresentable, Hashable, Sendable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The target never produced a real image.
  public static let invalidRollbackTarget = ErrorReason(rawValue: "invalid_rollback_target")
  /// The request is malformed.
  public static let invalidArgument = ErrorReason(rawValue: "invalid_argument")
  /// No such app, deploy of this app, or operation.
  public static let notFound = ErrorReason(rawValue: "not_found")
  /// Another deploy of the app is under way.
  public static let conflict = ErrorReason(rawValue: "conflict")
  /// The registry no longer has the image.
  public static let imageGone = ErrorReason(rawValue: "image_gone")
  /// The registry refuses the pull.
  public static let imageBlocked = ErrorReason(rawValue: "image_blocked")
  public static let deploymentPaused = ErrorReason(rawValue: "deployment_paused")
  public static let deploymentDeleted = ErrorReason(rawValue: "deployment_deleted")
  public static let deploymentRecreate = ErrorReason(rawValue: "deployment_recreate")
  /// What runs is not what the caller expected to run.
  public static let expectationFailed = ErrorReason(rawValue: "expectation_failed")
  /// The peer may not call this method.
  public static let notPermitted = ErrorReason(rawValue: "not_permitted")
  /// A token was sent and is invalid or expired.
  public static let unauthenticated = ErrorReason(rawValue: "unauthenticated")
  /// PostgreSQL or the API server cannot be reached; safe to retry with the same request id.
  public static let unavailable = ErrorReason(rawValue: "unavailable")
  /// The caller's deadline passed; a rollout goes on.
  public static let deadlineExceeded = ErrorReason(rawValue: "deadline_exceeded")
  /// Too many streams, too large a message.
  public static let resourceExhausted = ErrorReason(rawValue: "resource_exhausted")
  /// The daemon does not have the method: it is older than its caller.
  public static let unimplemented = ErrorReason(rawValue: "unimplemented")
  /// A fault of ours.
  public static let `internal` = ErrorReason(rawValue: "internal")

  /// The canonical status code that goes with it on the wire (google.rpc.Code).
  public var statusCode: UInt32 {
    switch self {
    case .invalidRollbackTarget, .invalidArgument: 3
    case .deadlineExceeded: 4
    case .notFound: 5
    case .notPermitted: 7
    case .resourceExhausted: 8
    case .imageGone, .imageBlocked, .deploymentPaused, .deploymentDeleted, .deploymentRecreate, .expectationFailed: 9
    case .conflict: 10
    case .unimplemented: 12
    case .unavailable: 14
    case .unauthenticated: 16
    default: 13
    }
  }
}
