/// How an operation ended, as it is written down.
public struct OperationOutcome: Hashable, Sendable {
  /// The raw value is the last part of the audit row's action, such as `deploy.rollback.succeeded`.
  public enum Kind: String, Sendable, CaseIterable {
    case succeeded, failed, superseded, cancelled
    case timedOut = "timed_out"
    /// It failed, and what ran before was put back.
    case reverted
  }

  public var kind: Kind
  /// For people: why, and what the cluster is left on. Without a full stop.
  public var sentence: String
  public var failure: RolloutFailure?
  public var proof: ImageProof?
  /// What the cluster is left on; the machine sets it when it ends.
  public var remains: ClusterRemains?

  public init(
    _ kind: Kind, sentence: String, failure: RolloutFailure? = nil, proof: ImageProof? = nil,
    remains: ClusterRemains? = nil
  ) {
    self.kind = kind
    self.sentence = sentence
    self.failure = failure
    self.proof = proof
    self.remains = remains
  }

  /// The status that the deploy's row gets.
  public var status: DeployRecord.Status {
    switch kind {
    case .succeeded: .live
    case .failed, .timedOut, .reverted: .failed
    case .superseded: .superseded
    case .cancelled: .cancelled
    }
  }

  /// The outcome that a verdict means.
  public init(_ verdict: RolloutOutcome) {
    switch verdict {
    case .ready(let proof):
      self.init(.succeeded, sentence: "every replica runs the image and is available", proof: proof)
    case .superseded(let image):
      self.init(.superseded, sentence: "somebody deployed image \(image.oneLine()) on top")
    case .deleted(.gone): self.init(.failed, sentence: "the deployment was deleted meanwhile")
    case .deleted(.underWay): self.init(.failed, sentence: "the deployment is being deleted")
    case .deleted(.recreated):
      self.init(.failed, sentence: "the deployment was deleted and made again; the new one is not touched")
    case .failed(let failure): self.init(.failed, sentence: failure.sentence, failure: failure)
    case .timedOut(let failure): self.init(.timedOut, sentence: failure.sentence, failure: failure)
    }
  }
}

/// What an operation that ended leaves the cluster on.
public enum ClusterRemains: Hashable, Sendable {
  /// What ran before; nothing was changed.
  case untouched
  /// The new image, which the cluster goes on rolling out, or runs.
  case newImage
  /// The image that ran before, which the cluster goes on rolling out again.
  case puttingBack
  /// The image that ran before, put back and available.
  case putBack
  /// One of the two: whether the last patch was applied is not known.
  case unknown
}
