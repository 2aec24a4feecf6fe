/// What to do after an event.
public enum RolloutStep: Hashable, Sendable {
  case wait(Wait)
  /// The verdict, with the last numbers. Whatever comes afterwards is answered by the same step again.
  case end(RolloutOutcome, RolloutProgress)

  public struct Wait: Hashable, Sendable {
    /// What to tell the watchers, if something changed or a heartbeat is due.
    public var progress: RolloutProgress?
    /// Whether `progress` only repeats what was told before.
    public var isHeartbeat: Bool
    /// Images that a node did not find: ask the registry about each and feed `registryAnswered`. Each comes once.
    public var askRegistry: [String]
    /// Wake the verdict at this instant. It replaces the one of the step before: there is one timer.
    public var until: ContinuousClock.Instant
  }
}

/// How a rollout ended, or at least the wait for it.
public enum RolloutOutcome: Hashable, Sendable {
  /// Every replica runs the image, is available, and stayed so for the soak.
  case ready(ImageProof?)
  /// The template's image is no longer ours: somebody deployed on top.
  case superseded(image: String)
  case deleted(Deletion)
  case failed(RolloutFailure)
  /// The overall timeout passed; the rollout itself goes on in the cluster. Carries what is known of why.
  case timedOut(RolloutFailure)

  public enum Deletion: Hashable, Sendable {
    /// The object is gone.
    case gone
    /// It waits for its dependants or finalizers.
    case underWay
    /// Another object has its name.
    case recreated
  }
}
