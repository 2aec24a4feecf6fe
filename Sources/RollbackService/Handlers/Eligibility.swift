internal import KubernetesObjects
internal import RollbackMessages
internal import RolloutCore

/// Whether a rollback may target a deploy, by what its row says.
enum Eligibility {
  /// Fills `rollbackable` and the reason why not in.
  static func mark(_ deploy: RollbackMessages.DeployRecord) -> RollbackMessages.DeployRecord {
    var deploy = deploy
    // The store says so of a current deploy on top of which another was tried.
    let refusal = planned(deploy).ineligibility(running: nil, isSettled: !deploy.rollbackable)
    deploy.notRollbackableReason =
      switch refusal?.reason {
      case nil: ""
      case .alreadyCurrent: "it is what runs now"
      case .imageGone: "its image is gone from the registry"
      case .imageBlocked: "the registry blocks its image"
      case .invalidRollbackTarget where deploy.notRollbackableReason.isEmpty: "it never produced an image"
      case .invalidRollbackTarget: deploy.notRollbackableReason
      case .conflict: "it is in progress"
      default: refusal?.message ?? ""
      }
    deploy.rollbackable = deploy.notRollbackableReason.isEmpty
    return deploy
  }

  /// A row as planning sees it.
  static func planned(_ deploy: RollbackMessages.DeployRecord) -> RolloutCore.DeployRecord {
    RolloutCore.DeployRecord(
      id: deploy.id, imageRef: deploy.imageRef, imageDigest: deploy.imageDigest.isEmpty ? nil : deploy.imageDigest,
      status: status(of: deploy), current: deploy.current, createdAt: time(deploy.createdAt) ?? .init(seconds: 0),
      finishedAt: time(deploy.finishedAt), actorID: deploy.actorID.isEmpty ? nil : deploy.actorID,
      reason: deploy.reason, rollbackOf: deploy.rollbackOf.isEmpty ? nil : deploy.rollbackOf,
      migrationsSince: Int(deploy.migrationsSince),
      barrier: deploy.notRollbackableReason.isEmpty ? nil : deploy.notRollbackableReason)
  }

  /// One of ours that was overtaken before it became ready never served: it is no known good one.
  private static func status(of deploy: RollbackMessages.DeployRecord) -> RolloutCore.DeployRecord.Status {
    if deploy.status == .superseded, deploy.timeToReady == nil, !deploy.requestID.isEmpty { return .cancelled }
    return RolloutCore.DeployRecord.Status(rawValue: deploy.status.word) ?? .failed
  }

  private static func time(_ value: RollbackMessages.Timestamp?) -> KubernetesObjects.Timestamp? {
    value.map { KubernetesObjects.Timestamp(seconds: $0.seconds, nanoseconds: $0.nanoseconds) }
  }
}
