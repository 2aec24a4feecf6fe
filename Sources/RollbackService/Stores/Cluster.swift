public import KubernetesObjects
public import RolloutCore

/// What the engine needs of Kubernetes.
public protocol Cluster: Sendable {
  /// Reads one Deployment; nil when it is not there.
  /// - Throws: `unavailable` when the API server cannot be reached.
  func deployment(_ name: String, in namespace: String) async throws -> Deployment?
  /// Whether something in the cluster changes the number of the Deployment's replicas by itself.
  /// - Throws: `unavailable` when the API server cannot be reached, or refuses to say.
  func isAutoscaled(_ name: String, in namespace: String) async throws -> Bool
  /// Sends a strategic merge patch that carries its own preconditions.
  func patch(_ name: String, in namespace: String, with patch: ImagePatch) async throws -> PatchAnswer
  /// Posts what happens to a Deployment, its ReplicaSets, pods and events, beginning with their present state.
  ///
  /// Runs until its task is cancelled; outages are posted as observations.
  /// - Parameter deployment: as the patch's answer had it.
  func follow(_ deployment: Deployment, into mailbox: OperationMailbox) async
  /// The end of a container's log; nil when there is none.
  func log(
    of pod: String, container: String, in namespace: String, previous: Bool, lines: Int
  ) async throws -> String?
  /// Where the API server is and which version it runs.
  func version() async throws -> (server: String, version: String)
}

/// What the API server answered to a patch.
public enum PatchAnswer: Sendable {
  /// It was applied, or changed nothing; with the API server's `Date`.
  case applied(Deployment, serverDate: Timestamp?)
  /// The object was changed since it was read (409), or replaced by another (422).
  case conflict(String)
  /// The object is gone.
  case notFound
  /// It was certainly not applied and may go well later: our credentials cannot be had, or are not valid now.
  case unsent(String)
  /// It was understood and refused for good: by admission, quota or permissions.
  case refused(String)
  /// Whether it was applied is not known: the connection was lost, or the server gave up waiting or throttles. With how
  /// long it asks us to wait.
  case unknown(String, retryAfter: Duration? = nil)
}

/// Something that was seen in the cluster.
public enum ClusterObservation: Sendable {
  case deployment(Deployment)
  case deploymentDeleted(uid: String)
  case replicaSet(ReplicaSet)
  case replicaSetDeleted(uid: String)
  case pod(Pod)
  case podDeleted(uid: String)
  case event(Event)
  case unreachable(String)
  case reachable
}
