extension RollbackClient {
  /// How the daemon is reached, and how long it is waited for.
  public struct Configuration: Hashable, Sendable {
    /// Where the daemon listens: a path, or an abstract name with a leading `@`. `/run/rollbackd/rollbackd.sock`.
    public var socketPath = "/run/rollbackd/rollbackd.sock"
    /// How long to try again while more clients wait at the socket than the daemon takes in. 5 s. A daemon that is not
    /// there is told at once.
    public var connectTimeout = Duration.seconds(5)
    /// How long each try of a call with a single answer may take; nil for ever. 30 s. It does not apply to rollouts,
    /// to followed audit events, nor to ``RollbackClient/verifyAudit(_:)``, which last as long as they last.
    public var callTimeout: Duration? = .seconds(30)
    /// How often, and after which pauses, a rollout or a followed audit trail is attached to again without anything new
    /// having come.
    public var retry = RetryPolicy()
    /// How long a sequence may be left unread once a mebibyte waits, before its stream is dropped and, when it is read
    /// on, attached to anew where it was. 100 ms, for the other calls wait meanwhile: ttRPC has no flow control.
    public var readerPatience = Duration.milliseconds(100)

    /// The documented defaults.
    public init() {}

    /// The documented defaults, and a socket of your own.
    public init(socketPath: String) {
      self.socketPath = socketPath
    }

    /// What is wrong with it, in the fields' own words; nil when nothing is.
    public var problem: String? {
      if socketPath.isEmpty { return "socketPath is empty" }
      // sun_path has 108 bytes, the last of which ends it (unix(7)).
      if socketPath.utf8.count > 107 { return "socketPath is longer than 107 bytes: \(socketPath)" }
      if socketPath.utf8.contains(0) { return "socketPath holds U+0000" }
      if connectTimeout < .zero { return "connectTimeout must not be negative" }
      if let callTimeout, callTimeout <= .zero { return "callTimeout must be above zero" }
      if readerPatience <= .zero { return "readerPatience must be above zero" }
      return retry.problem
    }
  }
}
