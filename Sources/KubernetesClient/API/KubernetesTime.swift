internal import Glibc
public import KubernetesObjects

/// The client's time: how long things take, how to wait, and what the wall clock says. Tests hand in their own.
public struct KubernetesTime: Sendable {
  /// Time since some fixed instant.
  let elapsed: @Sendable () -> Duration
  /// Suspends; throws when the task is cancelled.
  let sleep: @Sendable (Duration) async throws -> Void
  /// For the expiry of credentials and for showing since when something is so.
  let wallClock: @Sendable () -> Timestamp
  /// A number in 0 ..< 1.
  let random: @Sendable () -> Double

  public init<C: Clock>(
    clock: C,
    wallClock: @escaping @Sendable () -> Timestamp = KubernetesTime.systemWallClock,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
  ) where C.Duration == Duration {
    let origin = clock.now
    elapsed = { origin.duration(to: clock.now) }
    sleep = { try await clock.sleep(for: $0) }
    self.wallClock = wallClock
    self.random = random
  }

  /// The host's clock (clock_gettime(2), CLOCK_REALTIME).
  public static let systemWallClock: @Sendable () -> Timestamp = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(seconds: Int64(now.tv_sec), nanoseconds: Int32(now.tv_nsec))
  }
}
