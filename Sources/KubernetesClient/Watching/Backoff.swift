/// Waits that double, drawn at random so that many clients do not come back together. Pure.
struct Backoff: Sendable, Hashable {
  var initial: Duration = .milliseconds(800)
  var maximum: Duration = .seconds(30)
  /// After this long without asking, it begins again at `initial`.
  var resetAfter: Duration = .seconds(120)

  private var next: Duration?
  private var lastAsked: Duration?

  init() {}

  /// The next wait: anything from a tenth of the present step to all of it ("full jitter", but never at once).
  ///
  /// - Parameters:
  ///   - now: time since any fixed instant.
  ///   - random: in 0 ..< 1.
  mutating func wait(at now: Duration, random: Double) -> Duration {
    if let lastAsked, now - lastAsked > resetAfter { next = nil }
    lastAsked = now
    let step = next ?? initial
    next = min(step * 2, maximum)
    return step * (0.1 + 0.9 * random)
  }
}
