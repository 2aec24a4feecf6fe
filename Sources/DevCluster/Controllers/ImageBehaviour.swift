/// What a container of an image does in the simulation, told by the image's tag.
enum ImageBehaviour: Sendable {
  /// Runs, and becomes ready.
  case healthy
  /// Cannot be pulled.
  case missing
  /// Exits with 1 soon after its start.
  case crashing
  /// Runs and never becomes ready.
  case hanging
  /// Is ready at once and exits with 1 a little later.
  case flapping

  init(image: String) {
    let path = image.prefix { $0 != "@" }
    let name = path.split(separator: "/").last ?? ""
    let tag = name.split(separator: ":").dropFirst().last ?? ""
    self =
      if tag.contains("missing") {
        .missing
      } else if tag.contains("crash") {
        .crashing
      } else if tag.contains("hang") {
        .hanging
      } else if tag.contains("flap") {
        .flapping
      } else {
        .healthy
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
