public import Glibc

/// The time of `CLOCK_MONOTONIC` after `duration`, as pthread_cond_timedwait(3) takes it.
///
/// A function, so that callers need not name `timespec`, which means another type where the Swift runtime is linked
/// statically.
public func monotonicTime(after duration: Duration) -> timespec {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  let (seconds, attoseconds) = duration.components
  let nanoseconds = time.tv_nsec + Int(attoseconds / 1_000_000_000)
  time.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
  time.tv_nsec = nanoseconds % 1_000_000_000
  return time
}
