public import KubernetesObjects

/// Why a rollout did not succeed: one sentence, and the evidence.
public struct RolloutFailure: Hashable, Sendable {
  /// What ended the wait.
  public enum Cause: String, Sendable {
    /// A pod that cannot become ready.
    case doomed
    /// The controller gave up: condition `ProgressDeadlineExceeded`, and it is about this rollout.
    case progressDeadlineExceeded = "progress_deadline_exceeded"
    /// Nothing moved for too long, and the controller has not said so.
    case noProgress = "no_progress"
    case timedOut = "timed_out"
  }

  public var cause: Cause
  /// Complete in itself, without a full stop.
  public var sentence: String
  /// The worst that was found, if anything.
  public var finding: PodFinding?
  /// What the cluster's components said about the Deployment, its new ReplicaSet and the pod since the patch, the
  /// oldest first, without the routine ones; at most `RolloutVerdict.evidenceLimit`.
  public var events: [EventLine]
  /// The logs that would help, to be fetched and bounded by the caller.
  public var logs: [LogRequest]
  /// The failing pod beside those that serve.
  public var comparison: PodComparison?

  public init(
    cause: Cause, sentence: String, finding: PodFinding? = nil, events: [EventLine] = [], logs: [LogRequest] = [],
    comparison: PodComparison? = nil
  ) {
    self.cause = cause
    self.sentence = sentence
    self.finding = finding
    self.events = events
    self.logs = logs
    self.comparison = comparison
  }

  /// One event in short.
  public struct EventLine: Hashable, Sendable {
    /// `Pod/hello-6c9d-x2x`.
    public var object: String
    /// `Normal` or `Warning`.
    public var type: String
    public var reason: String
    public var message: String
    public var count: Int
    /// By the server's clock.
    public var at: Timestamp?

    public init(_ event: Event) {
      object = "\(event.involvedObject.kind)/\(event.involvedObject.name)"
      type = event.type
      reason = event.reason
      message = event.message.oneLine()
      count = event.occurrences
      at = event.lastSeen
    }
  }

  /// The last lines of one run of a container.
  public struct LogRequest: Hashable, Sendable {
    public var pod: String
    public var container: String
    /// The run before the current one.
    public var previous: Bool
    public var lines: Int

    public init(pod: String, container: String, previous: Bool, lines: Int = 25) {
      self.pod = pod
      self.container = container
      self.previous = previous
      self.lines = lines
    }
  }
}
