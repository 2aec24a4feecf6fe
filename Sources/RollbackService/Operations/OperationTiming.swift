/// The times that operations go by; what a call may say for itself is in its plan.
public struct OperationTiming: Hashable, Sendable {
  /// The promise: from request to ready.
  public static let target = Duration.seconds(30)

  /// How long a silent daemon keeps an operation (storage: 15 s, so takeover within 20 s).
  public var leaseDuration: Duration
  /// When a rollout ends as timed out.
  public var rolloutTimeout: Duration
  /// How long new pods must stay ready.
  public var soak: Duration
  /// The shortest time between two progress frames.
  public var progressInterval: Duration
  /// Between two tries to reach a database or an API server that is away.
  public var retryDelay: Duration
  /// For all logs together when a failure is explained.
  public var logTimeout: Duration
  /// How long a cancellation's answer waits for the operation's end: longer than it takes to take over from a holder
  /// that is dead.
  public var cancelPatience: Duration
  /// The least time that putting an image back is given, however short the rollout's own was.
  public var minimumRevertTimeout: Duration
  /// What a rollout that was taken over may still take at the least, besides its soak: time to see what it has come to,
  /// also when its own time is over.
  public static let look = Duration.seconds(10)

  /// How long a pull error must last before it fails a rollout, where the registry does not confirm it.
  public var pullPatience: Duration

  /// What putting the image back may take, after a rollout that might take `timeout`.
  func revertTimeout(of timeout: Duration) -> Duration { max(timeout, minimumRevertTimeout) }

  public init(
    leaseDuration: Duration = .seconds(15), rolloutTimeout: Duration = .seconds(600), soak: Duration = .seconds(2),
    progressInterval: Duration = .milliseconds(100), retryDelay: Duration = .milliseconds(500),
    logTimeout: Duration = .seconds(3), cancelPatience: Duration = .seconds(30),
    minimumRevertTimeout: Duration = .seconds(60), pullPatience: Duration = .seconds(30)
  ) {
    self.leaseDuration = leaseDuration
    self.rolloutTimeout = rolloutTimeout
    self.soak = soak
    self.progressInterval = progressInterval
    self.retryDelay = retryDelay
    self.logTimeout = logTimeout
    self.cancelPatience = cancelPatience
    self.minimumRevertTimeout = minimumRevertTimeout
    self.pullPatience = pullPatience
  }
}
