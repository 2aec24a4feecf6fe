internal import RollbackMessages
internal import TTRPCCore

extension RollbackError {
  /// What a call's error means to a caller.
  init(_ error: RPCError) {
    switch error.origin {
    case .peer where error.wasGivenUp:
      self.init(
        .connectionLost, "rollbackd shut down during the call; whether it was carried out is not known.", cause: error)
    case .peer, .here:
      self.init(
        ErrorReason(error.status), error.message, details: error.status.info?.metadata ?? [:],
        code: UInt32(error.code.rawValue), cause: error.origin == .here ? error : nil)
    case .connection:
      self.init(
        .connectionLost,
        "The connection to rollbackd was lost during the call; whether it was carried out is not known.",
        cause: error)
    case .unsent:
      self.init(.connectionLost, "The connection to rollbackd was lost before the call was sent.", cause: error)
    }
  }
}

extension ErrorReason {
  /// The reason that the daemon states; where it states none (its transport refused the call, or it is another server)
  /// the nearest one for the code.
  init(_ status: RPCStatus) {
    if let info = status.info, info.domain == "rollbackd", !info.reason.isEmpty {
      self.init(rawValue: info.reason)
      return
    }
    self =
      switch status.code {
      case .cancelled: .cancelled
      case .invalidArgument, .outOfRange: .invalidArgument
      case .deadlineExceeded: .deadlineExceeded
      case .notFound: .notFound
      case .permissionDenied: .notPermitted
      case .resourceExhausted: .resourceExhausted
      case .aborted, .alreadyExists: .conflict
      case .unimplemented: .unimplemented
      case .unavailable: .unavailable
      case .unauthenticated: .unauthenticated
      case .ok, .unknown, .failedPrecondition, .internal, .dataLoss: .internal
      }
  }
}
