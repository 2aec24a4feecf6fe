internal import RollbackClient
internal import RollbackMessages

/// How the program ends, for scripts.
enum ProgramStatus: Int32, CaseIterable, Sendable {
  /// Done, or there was nothing to do.
  case done = 0
  /// Anything that none of the others says.
  case unexpected = 1
  /// Wrong use, or a question would have to be asked where nobody can answer.
  case usage = 2
  case rolloutFailed = 3
  case notFound = 4
  case conflict = 5
  /// Invalid target, a precondition that does not hold, an image that is gone or blocked.
  case refused = 6
  case notPermitted = 7
  /// The waiting timed out; the rollout may still finish.
  case timedOut = 8
  case reverted = 9
  /// Superseded or cancelled.
  case overtaken = 10
  case auditBroken = 11
  /// EX_UNAVAILABLE (sysexits.h).
  case unreachable = 69
  /// EX_TEMPFAIL: the database or the API server is away; try again.
  case temporary = 75
  /// 128 + SIGINT, as shells have it.
  case interrupted = 130

  init(_ reason: ErrorReason) {
    self =
      switch reason {
      case .invalidArgument: .usage
      case .notFound: .notFound
      case .conflict: .conflict
      case .invalidRollbackTarget, .imageGone, .imageBlocked, .deploymentPaused, .deploymentDeleted,
        .deploymentRecreate, .expectationFailed:
        .refused
      case .notPermitted, .unauthenticated: .notPermitted
      case .deadlineExceeded: .timedOut
      case .unavailable, .resourceExhausted: .temporary
      case .daemonUnreachable, .connectionLost: .unreachable
      case .cancelled: .interrupted
      case .alreadyCurrent: .done
      default: .unexpected
      }
  }

  init(_ outcome: RolloutOutcome) {
    self =
      switch outcome {
      case .succeeded, .alreadyCurrent: .done
      case .failed: .rolloutFailed
      case .superseded, .cancelled: .overtaken
      case .timedOut: .timedOut
      case .reverted: .reverted
      default: .unexpected
      }
  }
}

extension ErrorReason {
  /// A plan's refusal when there is nothing to do; no error of a call.
  static let alreadyCurrent = ErrorReason(rawValue: "already_current")
  /// The user pressed Ctrl-C.
  static let interrupted = ErrorReason(rawValue: "interrupted")
}
