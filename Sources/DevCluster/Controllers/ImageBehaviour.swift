/// What a container of an image does in the simulation, told by the image's tag.
///
/// The table of the tags is also ``help``; of several words in a tag the first of the table counts.
public enum ImageBehaviour: String, Sendable, CaseIterable {
  /// Cannot be pulled.
  case missing
  /// Cannot be pulled at the first attempt, because the registry answers 503, and can afterwards.
  case blip
  /// Cannot be configured: it needs a Secret that is not there.
  case misconfigured = "config"
  /// Cannot be started: there is no such program in it.
  case unstartable = "nostart"
  /// Exits with 1 soon after its start.
  case crashing = "crash"
  /// Uses more memory than it may soon after its start.
  case outOfMemory = "oom"
  /// Exits with 1 twice, and then runs and becomes ready.
  case flaky
  /// Runs and never becomes ready.
  case hanging = "hang"
  /// Runs until its liveness probe fails, and never becomes ready.
  case unalive = "liveness"
  /// Is ready at once and exits with 1 a little later.
  case flapping = "flap"
  /// Runs, and becomes ready: any other tag.
  case healthy = ""

  /// What to put into a tag, for people.
  public static let help = """
    "missing" cannot be pulled, "blip" only at the second attempt, "config" needs a Secret that is not there, \
    "nostart" has no program, "crash" exits at start, "oom" uses too much memory, "flaky" exits twice and then runs, \
    "hang" never becomes ready, "liveness" fails its liveness probe, "flap" crashes after a moment
    """

  init(image: String) {
    let path = image.prefix { $0 != "@" }
    let name = path.split(separator: "/").last ?? ""
    let tag = name.split(separator: ":").dropFirst().last ?? ""
    self = Self.allCases.first { $0 == .healthy || tag.contains($0.rawValue) } ?? .healthy
  }

  /// How the run of that number (the first is 0) ends by itself; nil when it goes on.
  func end(ofRun run: Int) -> (exitCode: Int, reason: String)? {
    switch self {
    case .unstartable: (128, "StartError")
    case .crashing, .flapping: (1, "Error")
    case .flaky: run < 2 ? (1, "Error") : nil
    case .outOfMemory: (137, "OOMKilled")
    // SIGKILL by the kubelet.
    case .unalive: (137, "Error")
    case .missing, .blip, .misconfigured, .hanging, .healthy: nil
    }
  }
}

/// A container of a pod; init containers come first in the numbering.
struct ContainerKey: Hashable, Sendable {
  var pod: String
  var index: Int
}

/// What a kubelet remembers of one container.
struct ContainerRuntime: Sendable {
  enum Stage: Sendable {
    /// Its image is being pulled. Next: running, or the pull has failed.
    case pulling
    /// `ErrImagePull` is shown. Next: a pause.
    case pullFailed
    /// `ImagePullBackOff` is shown. Next: another pull.
    case pullBackOff
    /// `CreateContainerConfigError` is shown. Next: another attempt.
    case misconfigured
    /// It runs. Next: ready, an exit, or nothing more.
    case running
    case ready
    /// It has ended with an error. Next: a restart, or a pause.
    case exited
    /// `CrashLoopBackOff` is shown. Next: a restart.
    case crashBackOff
    /// An init container that has done its work.
    case completed
  }

  var stage = Stage.pulling
  var restarts = 0
  var pullAttempts = 0
  /// When readiness may come, counted from the kubelet's first act on the pod.
  var readyDue: Timestamp
  /// When the present run and the one before began.
  var startedAt: Timestamp?
  var previousStart: Timestamp?
}
