internal import KubernetesObjects

extension ReflectorStateMachine.Failure {
  /// What an error means for the reflector.
  init(_ error: KubernetesError) {
    if error.isGone || error.isResourceVersionTooLarge {
      self = .resourceVersionUnusable
    } else if error.code == .throttled {
      self = .throttled(retryAfter: error.retryAfter)
    } else if error.isUnreachable {
      self = .unreachable
    } else {
      self = .other(retryAfter: error.retryAfter)
    }
  }
}
