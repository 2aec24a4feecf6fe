public import KubernetesObjects

/// What must be remembered of a patch to judge the rollout that it set off.
public struct PatchReceipt: Hashable, Sendable {
  /// The Deployment that was patched; one of the same name with another uid is another Deployment.
  public var uid: String
  /// Its generation after the patch. States with a lower one are from before.
  public var generation: Int
  /// Of the answer: a watch from here misses nothing and does not repeat the patch itself.
  public var resourceVersion: String
  public var container: String
  /// The container's image in the *answer's* template: an admission webhook may have rewritten what was sent.
  public var image: String
  /// The API server's clock when it answered, from the `Date` header; nil when this is a takeover and nobody wrote it
  /// down. Only compared with other times of that clock.
  public var serverDate: Timestamp?
  public var createdAt: Timestamp?

  public init(
    uid: String, generation: Int, resourceVersion: String, container: String, image: String, serverDate: Timestamp?,
    createdAt: Timestamp? = nil
  ) {
    self.uid = uid
    self.generation = generation
    self.resourceVersion = resourceVersion
    self.container = container
    self.image = image
    self.serverDate = serverDate
    self.createdAt = createdAt
  }

  /// Reads the receipt off the answer of the PATCH, or, at a takeover, off the Deployment as it is read now.
  /// Nil when the answer has no such container.
  public init?(answer: Deployment, container: String, serverDate: Timestamp?) {
    guard let image = answer.spec.template.spec.container(named: container)?.image else { return nil }
    self.init(
      uid: answer.metadata.uid, generation: answer.metadata.generation,
      resourceVersion: answer.metadata.resourceVersion, container: container, image: image, serverDate: serverDate,
      createdAt: answer.metadata.creationTimestamp)
  }
}
