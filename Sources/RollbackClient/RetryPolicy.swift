/// How often something that failed is tried again, and after which pauses.
///
/// The pause doubles from ``initialDelay`` to ``maximumDelay``. Between half of it and all of it is drawn, for the clients
/// of a daemon that restarts all begin at the same moment.
public struct RetryPolicy: Hashable, Sendable {
  /// How many times in a row, without anything new having come. 10, which with the pauses is 13 to 26 s.
  public var maximumAttempts = 10
  /// The first pause. 100 ms.
  public var initialDelay = Duration.milliseconds(100)
  /// The longest pause. 5 s.
  public var maximumDelay = Duration.seconds(5)

  /// The documented defaults.
  public init() {}

  /// The pause before the attempt of that number, counted from 1; nil when there is no such attempt.
  func delay(before attempt: Int) -> Duration? {
    guard attempt <= maximumAttempts else { return nil }
    return min(initialDelay * (1 << min(max(attempt, 1) - 1, 20)), maximumDelay)
  }

  /// The part of a pause that one client makes. `random` is in 0 ..< 1.
  static func drawn(_ pause: Duration, _ random: Double) -> Duration {
    pause * (0.5 + 0.5 * random)
  }

  /// What is wrong with it, in the fields' own words; nil when nothing is.
  var problem: String? {
    if maximumAttempts < 0 { return "retry.maximumAttempts must not be negative" }
    if initialDelay < .zero { return "retry.initialDelay must not be negative" }
    return maximumDelay < initialDelay ? "retry.maximumDelay must not be below retry.initialDelay" : nil
  }
}
