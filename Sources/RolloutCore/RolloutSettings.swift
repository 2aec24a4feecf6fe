/// How long to wait for a rollout, and when to give it up.
public struct RolloutSettings: Hashable, Sendable {
  /// How long everything must stay ready before the rollout counts as done; zero for not at all. Default 2 s.
  public var soak: Duration
  /// From the patch until the wait ends as timed out, whatever the cluster does. Default 5 min.
  public var timeout: Duration
  /// What was asked for, for people, where the wait gets less because something of it has passed; nil: `timeout`.
  public var askedTimeout: Duration?
  /// Longest time without any progress; nil takes the Deployment's own `progressDeadlineSeconds` and 5 s of grace, in
  /// which the controller's own verdict normally comes.
  public var progressDeadline: Duration?
  /// Whether a doomed pod ends the wait at once. Default true.
  public var failFast: Bool
  /// Longest silence before a heartbeat says what is still waited for. Default 10 s.
  public var heartbeat: Duration
  /// The digests that would all be the wanted image, for the proof of what runs; empty when none is known.
  public var acceptedDigests: Set<String>
  public var diagnosis: DiagnosisSettings

  public init(
    soak: Duration = .seconds(2), timeout: Duration = .seconds(300), askedTimeout: Duration? = nil,
    progressDeadline: Duration? = nil,
    failFast: Bool = true, heartbeat: Duration = .seconds(10), acceptedDigests: Set<String> = [],
    diagnosis: DiagnosisSettings = DiagnosisSettings()
  ) {
    self.soak = soak
    self.timeout = timeout
    self.askedTimeout = askedTimeout
    self.progressDeadline = progressDeadline
    self.failFast = failFast
    self.heartbeat = heartbeat
    self.acceptedDigests = acceptedDigests
    self.diagnosis = diagnosis
  }
}
