internal import RollbackMessages

/// How long somebody waits for an answer, and no longer.
package struct TimeLimit<C: Clock>: Sendable where C.Duration == Duration {
  private let duration: Duration
  private let clock: C

  package init(_ duration: Duration, _ clock: C) {
    self.duration = duration
    self.clock = clock
  }

  /// Does `work`, which is cancelled when the time is over and must end soon then.
  ///
  /// - Throws: what `work` throws; ``ServiceError`` `unavailable` when the time is over first.
  package func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { [duration, clock] group in
      group.addTask { try await work() }
      group.addTask {
        try await clock.sleep(until: clock.now.advanced(by: duration), tolerance: nil)
        throw ServiceError(.unavailable, "no answer within \(duration.components.seconds) s")
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() else { throw CancellationError() }
      return value
    }
  }
}
