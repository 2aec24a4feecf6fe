/// How an operation ended, as it is written down.
public struct OperationOutcome: Hashable, Sendable {
  /// The raw value is the last part of the audit row's action, such as `deploy.rollback.succeeded`.
  public enum Kind: String, Sendable, CaseIterable {
    case succeeded, failed, superseded, cancelled
    case timedOut = "timed_out"
  }

  public var kind: Kind
  /// For people: why, and what the cluster is left on. Without a full stop.
  public var sentence: String
  public var failure: RolloutFailure?
  public var proof: ImageProof?

  public init(_ kind: Kind, sentence: String, failure: RolloutFailure? = nil, proof: ImageProof? = nil) {
    self.kind = kind
    self.sentence = sentence
    self.failure = failure
    self.proof = proof
  }

  /// The status that the deploy's row gets.
  public var status: DeployRecord.Status {
    switch kind {
    case .succeeded: .live
    case .failed, .timedOut: .failed
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
