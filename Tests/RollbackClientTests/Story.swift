import RollbackMessages

/// The frames of a rollout, as the daemon tells them.
enum Story {
  static let deployID = "c4410d7e-1111-4222-8333-444455556666"

  static func accepted(joined: Bool = false) -> RolloutFrame {
    RolloutFrame(
      seq: 1, kind: .accepted(RolloutAccepted(deploy: DeployRecord(id: deployID, status: .deploying), joined: joined)))
  }

  static func progress(_ seq: UInt64) -> RolloutFrame {
    RolloutFrame(seq: seq, kind: .progress(RolloutProgress(phase: .rolling, message: "step \(seq)")))
  }

  static func finished(_ seq: UInt64) -> RolloutFrame {
    RolloutFrame(
      seq: seq,
      kind: .finished(RolloutFinished(deploy: DeployRecord(id: deployID, status: .live), outcome: .succeeded)))
  }

  /// Frame 1 accepted, then progress, the last one finished.
  static func frames(_ count: UInt64, joined: Bool = false) -> [RolloutFrame] {
    [accepted(joined: joined)] + (2..<count).map(progress) + [finished(count)]
  }
}
