/// What is the matter with a new pod, or with making one: how bad it is, and one sentence that a person can act on.
public struct PodFinding: Hashable, Sendable {
  /// How much hope there is. Only `doomed` may end a rollout early.
  public enum Level: String, Comparable, Sendable, CaseIterable {
    case fine, suspect, doomed

    public static func < (left: Level, right: Level) -> Bool {
      switch (left, right) {
      case (.fine, .suspect), (.fine, .doomed), (.suspect, .doomed): true
      default: false
      }
    }
  }

  /// What kind of trouble it is. The raw value is stored and shown; it never changes its meaning.
  public enum Kind: String, Sendable, CaseIterable {
    case invalidImageName = "invalid_image_name"
    case imageNeverPulled = "image_never_pulled"
    case imageMissing = "image_missing"
    case imageRefused = "image_refused"
    case pullFailing = "pull_failing"
    case badConfiguration = "bad_configuration"
    case crashing
    case startFailing = "start_failing"
    case outOfMemory = "out_of_memory"
    /// A liveness or startup probe failed, and the kubelet killed the container for it.
    case probeKilled = "probe_killed"
    case unschedulable
    /// A volume, the network or the sandbox: no container could be begun.
    case cannotBeSetUp = "cannot_be_set_up"
    case nodeSilent = "node_silent"
    case cannotCreatePods = "cannot_create_pods"
    case notReady = "not_ready"
    case podFailed = "pod_failed"
  }

  public var level: Level
  public var kind: Kind
  /// Empty when no pod could be made.
  public var pod: String
  /// Empty when it is not about one container.
  public var container: String
  /// The cluster's own word for it: `CrashLoopBackOff`, `ErrImagePull`, `Unschedulable`.
  public var reason: String
  /// Of the newest run that ended, where one did.
  public var exitCode: Int?
  public var restarts: Int
  /// The cluster's text, on one line and bounded; may be empty.
  public var detail: String
  /// One sentence without a full stop, complete in itself.
  public var sentence: String
  /// The probe in words, where a probe is what fails: `readiness probe GET /healthz on port 8080 every 10 s`.
  public var probe: String

  public init(
    level: Level, kind: Kind, pod: String = "", container: String = "", reason: String, exitCode: Int? = nil,
    restarts: Int = 0, detail: String = "", sentence: String, probe: String = ""
  ) {
    self.level = level
    self.kind = kind
    self.pod = pod
    self.container = container
    self.reason = reason
    self.exitCode = exitCode
    self.restarts = restarts
    self.detail = detail.oneLine()
    self.sentence = sentence
    self.probe = probe
  }
}
