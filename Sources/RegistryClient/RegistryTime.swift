/// The client's time: how long things take, and how to wait. Tests hand in their own.
public struct RegistryTime: Sendable {
  /// Time since some fixed instant.
  let elapsed: @Sendable () -> Duration
  /// Suspends; throws when the task is cancelled.
  let sleep: @Sendable (Duration) async throws -> Void

  public init<C: Clock>(clock: C) where C.Duration == Duration {
    let origin = clock.now
    elapsed = { origin.duration(to: clock.now) }
    sleep = { try await clock.sleep(for: $0) }
  }
}
