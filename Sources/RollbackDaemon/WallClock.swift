internal import KubernetesClient
internal import KubernetesObjects
internal import RollbackMessages

/// The host's time of day, for frames. Where two hosts could disagree the database's is used instead.
enum WallClock {
  static var now: RollbackMessages.Timestamp {
    let time = KubernetesTime.systemWallClock()
    return RollbackMessages.Timestamp(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }
}
