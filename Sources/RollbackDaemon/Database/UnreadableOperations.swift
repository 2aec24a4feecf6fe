internal import Locking

/// Operations whose rows could not be read: left alone for a minute, for somebody may put them right.
final class UnreadableOperations: Sendable {
  private static let pause = Duration.seconds(60)
  /// By deploy, until when.
  private let left = Locked<[String: ContinuousClock.Instant]>([:])

  func add(_ deployID: String, at now: ContinuousClock.Instant) {
    left.withLock { $0[deployID] = now.advanced(by: Self.pause) }
  }

  func known(at now: ContinuousClock.Instant) -> [String] {
    left.withLock { left in
      left = left.filter { $0.value > now }
      return Array(left.keys)
    }
  }
}
