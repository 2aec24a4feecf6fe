internal import RollbackMessages

/// Keeps progress frames apart: the first at once, later ones not before the interval has passed, always the newest.
struct ProgressPace {
  private let interval: Duration
  private var pending: RolloutProgress?
  private var lastTaken: ContinuousClock.Instant?

  init(interval: Duration) {
    self.interval = interval
  }

  /// A newer progress takes the place of one that still waits.
  mutating func offer(_ progress: RolloutProgress) {
    pending = progress
  }

  /// When what waits may be sent; nil when nothing waits.
  var nextDue: ContinuousClock.Instant? {
    guard pending != nil, let lastTaken else { return nil }
    return lastTaken.advanced(by: interval)
  }

  /// What may be sent now.
  mutating func take(at now: ContinuousClock.Instant) -> RolloutProgress? {
    guard let progress = pending else { return nil }
    if let lastTaken, now < lastTaken.advanced(by: interval) { return nil }
    pending = nil
    lastTaken = now
    return progress
  }
}
