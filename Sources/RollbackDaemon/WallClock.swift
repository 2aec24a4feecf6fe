internal import Glibc
internal import RollbackMessages

/// The host's time of day, for frames. Where two hosts could disagree the database's is used instead.
enum WallClock {
  /// clock_gettime(2), CLOCK_REALTIME.
  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }
}
