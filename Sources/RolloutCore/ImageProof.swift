import KubernetesObjects

/// On how many of the new pods the wanted image is known to run.
public struct ImageProof: Hashable, Sendable {
  /// Pods whose container reports a digest that was accepted.
  public var verified: Int
  /// Pods looked at.
  public var total: Int
  /// A digest that was reported and is not among the accepted ones. Worth a loud warning and never a failure:
  /// runtimes report the index's digest or the platform's, or an own image id.
  public var mismatch: String?

  public init(verified: Int, total: Int, mismatch: String? = nil) {
    self.verified = verified
    self.total = total
    self.mismatch = mismatch
  }

  /// Compares what the pods report with the digests that would all be right.
  /// - Parameter digests: the recorded digest and, for an index, those of its platforms. Nil comes back when empty.
  init?(of container: String, in pods: [Pod], accepting digests: Set<String>) {
    guard !digests.isEmpty else { return nil }
    var proof = ImageProof(verified: 0, total: pods.count)
    for pod in pods {
      guard let status = pod.status.containerStatuses.first(where: { $0.name == container }) else { continue }
      let reported = status.imageID.split(separator: "@").last.map(String.init) ?? ""
      if digests.contains(reported) {
        proof.verified += 1
      } else if reported.hasPrefix("sha256:"), proof.mismatch == nil {
        proof.mismatch = reported
      }
    }
    self = proof
  }
}
