extension RolloutOutcome {
  /// The word for it in JSON, in the database and behind the action in the audit trail: `timed_out`.
  public var word: String {
    switch self {
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .superseded: "superseded"
    case .cancelled: "cancelled"
    case .timedOut: "timed_out"
    case .reverted: "reverted"
    case .alreadyCurrent: "already_current"
    default: "unspecified"
    }
  }
}

extension DeployStatus {
  /// The word for it in JSON and in the database: `live`.
  public var word: String {
    switch self {
    case .building: "building"
    case .deploying: "deploying"
    case .live: "live"
    case .superseded: "superseded"
    case .failed: "failed"
    case .cancelled: "cancelled"
    default: "unspecified"
    }
  }

  /// The status of that word; nil when there is none.
  public init?(word: String) {
    let all: [DeployStatus] = [.building, .deploying, .live, .superseded, .failed, .cancelled]
    guard let match = all.first(where: { $0.word == word }) else { return nil }
    self = match
  }

  /// Whether it cannot change any more by itself.
  public var isEnded: Bool { self != .building && self != .deploying && self != .unspecified }
}
