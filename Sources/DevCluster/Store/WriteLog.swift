/// Writes to Deployments that changed something: what a test looks at to see what a client really did.
public struct EffectiveWrite: Sendable, Hashable {
  public var namespace: String
  public var name: String
  public var uid: String
  /// The generation after the write; the same as before where only the status was written.
  public var generation: Int
  public var bumpedGeneration: Bool
  public var resourceVersion: String
  public var fieldManager: String
  /// The annotation `rollbackd.io/deploy-id` after the write.
  public var deployID: String?
  /// Whose patches this write makes worthless, by the annotation `rollbackd.io/fenced`; nil for every other write.
  public var fencedDeployID: String?
  /// The images after the write, in the order of the containers.
  public var images: [String]
}

/// The newest effective writes, oldest first.
struct WriteLog: Sendable {
  private static let fence = "rollbackd.io/fenced"
  private(set) var writes: [EffectiveWrite] = []

  mutating func note(old: JSON, new: JSON, manager: String, at now: Timestamp) {
    if new["spec"] == old["spec"], new["metadata"]["annotations"] == old["metadata"]["annotations"] { return }
    writes.append(
      EffectiveWrite(
        namespace: new.namespace, name: new.name, uid: new.uid, generation: new.generation,
        bumpedGeneration: new.generation > old.generation, resourceVersion: old.resourceVersion,
        fieldManager: manager, deployID: new.annotations["rollbackd.io/deploy-id"],
        fencedDeployID: new.annotations[Self.fence] == old.annotations[Self.fence] ? nil : new.annotations[Self.fence],
        images: new["spec"]["template"]["spec"]["containers"].elements.compactMap { $0["image"].string }))
    if writes.count > 20_000 { writes.removeFirst(10_000) }
  }
}
