/// Why something that was asked for is not done. The raw values are part of the public contract.
public enum RefusalReason: String, Sendable, CaseIterable {
  case invalidRollbackTarget = "invalid_rollback_target"
  case invalidArgument = "invalid_argument"
  case notFound = "not_found"
  case conflict
  case alreadyCurrent = "already_current"
  case imageGone = "image_gone"
  case imageBlocked = "image_blocked"
  case deploymentPaused = "deployment_paused"
  case deploymentDeleted = "deployment_deleted"
  case deploymentRecreate = "deployment_recreate"
  case expectationFailed = "expectation_failed"
  case notPermitted = "not_permitted"
  case unauthenticated
  case unavailable
  case deadlineExceeded = "deadline_exceeded"
  case resourceExhausted = "resource_exhausted"
}

/// A refusal with a sentence that names the object and, where there is one, the way out.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
  public var reason: RefusalReason
  public var message: String

  public init(_ reason: RefusalReason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  public var description: String { "\(reason.rawValue): \(message)" }
}
