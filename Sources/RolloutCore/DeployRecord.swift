public import KubernetesObjects

/// A deploy as history has it: the part of its row that planning needs.
public struct DeployRecord: Hashable, Sendable {
  public enum Status: String, Sendable, CaseIterable {
    case building, deploying, live, superseded, failed, cancelled
  }

  /// Lower-case, in the form `0bd91e44-…`.
  public var id: String
  /// Empty, or ending in `:building`, when no image came of it.
  public var imageRef: String
  public var imageDigest: String?
  public var status: Status
  /// Whether it is the one deploy of its app that counts as running.
  public var current: Bool
  public var createdAt: Timestamp
  public var finishedAt: Timestamp?
  public var actorID: String?
  public var reason: String?
  /// The target, when this deploy is a rollback.
  public var rollbackOf: String?
  /// Migrations of the app's schema that were applied after this deploy was created.
  public var migrationsSince: Int
  /// Why it can never be rolled back to, where that was recorded: a reason of the contract, or words.
  public var barrier: String?

  public init(
    id: String, imageRef: String, imageDigest: String? = nil, status: Status, current: Bool = false,
    createdAt: Timestamp, finishedAt: Timestamp? = nil, actorID: String? = nil, reason: String? = nil,
    rollbackOf: String? = nil, migrationsSince: Int = 0, barrier: String? = nil
  ) {
    self.id = id
    self.imageRef = imageRef
    self.imageDigest = imageDigest
    self.status = status
    self.current = current
    self.createdAt = createdAt
    self.finishedAt = finishedAt
    self.actorID = actorID
    self.reason = reason
    self.rollbackOf = rollbackOf
    self.migrationsSince = migrationsSince
    self.barrier = barrier
  }

  /// The image to deploy for this row: by its recorded digest, where one was recorded. Nil when no image came of it.
  public var image: ImageReference? {
    guard !imageRef.isEmpty, !imageRef.hasSuffix(":building"), let reference = ImageReference(imageRef) else {
      return nil
    }
    return imageDigest.map(reference.pinned(to:)) ?? reference
  }

  /// Whether it has ever been what serves.
  public var wentLive: Bool { status == .live || status == .superseded }

  /// The id cut as lists show it.
  public var shortID: String { String(id.prefix(8)) }
}

extension DeployRecord {
  /// Why one cannot roll back to this deploy; nil when one can.
  /// - Parameters:
  ///   - running: the image in the Deployment's template now; nil where it was not read.
  ///   - isSettled: false when the template is known to have another image than the current deploy.
  public func ineligibility(running: ImageReference?, isSettled: Bool = true) -> Refusal? {
    if status == .building || status == .deploying {
      return Refusal(.conflict, "deploy \(shortID) is still in progress")
    }
    guard let image else {
      let what = imageRef.isEmpty ? "it has no image" : "its image reference is \(imageRef)"
      return Refusal(.invalidRollbackTarget, "deploy \(shortID) never produced an image: \(what.oneLine())")
    }
    if let barrier { return Self.refusal(barrier, shortID, image) }
    if running.map(image.isSameImage) ?? (current && isSettled) {
      return Refusal(.alreadyCurrent, "deploy \(shortID), image \(image), is what runs now")
    }
    return nil
  }

  private static func refusal(_ barrier: String, _ id: String, _ image: ImageReference) -> Refusal {
    switch RefusalReason(rawValue: barrier) {
    case .imageGone: Refusal(.imageGone, "the registry no longer has image \(image) of deploy \(id)")
    case .imageBlocked: Refusal(.imageBlocked, "the registry refuses the pull of image \(image) of deploy \(id)")
    default: Refusal(.invalidRollbackTarget, "deploy \(id) cannot be rolled back to: \(barrier.oneLine())")
    }
  }
}
