public import KubernetesObjects

/// Whether what is known of the cluster is being kept up to date.
public enum Reachability: Sendable, Hashable {
  case reachable
  /// Nothing new could be learnt since then, by this host's clock; `error` is the latest reason.
  case unreachable(since: Timestamp, error: KubernetesError)

  public var isReachable: Bool { self == .reachable }
}
