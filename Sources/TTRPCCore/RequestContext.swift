/// Everything about a call but its messages; what a handler is given.
public struct RequestContext: Sendable {
  /// The full name of the called service.
  public let service: String
  /// The called method.
  public let method: String
  /// What came with the call. Empty for streams of Go's client, which sends none with them.
  public let metadata: Metadata
  /// Who called, by the kernel's word.
  public let peer: PeerIdentity
  /// When the caller stops waiting, where it said so. The call is then answered and the handler's task cancelled.
  public let deadline: ContinuousClock.Instant?

  private let presence: any CallerPresence

  public init(
    service: String, method: String, metadata: Metadata = Metadata(), peer: PeerIdentity,
    deadline: ContinuousClock.Instant? = nil, presence: any CallerPresence
  ) {
    self.service = service
    self.method = method
    self.metadata = metadata
    self.peer = peer
    self.deadline = deadline
    self.presence = presence
  }

  /// Why nobody waits for this call any more; nil while somebody does.
  ///
  /// The handler's task is cancelled for each of these, so awaiting something cancellable is enough to learn of it.
  /// May be read from any thread.
  public var abandonment: Abandonment? { presence.abandonment }
}

/// Why nobody waits for a call any more.
public enum Abandonment: UInt8, Hashable, Sendable {
  /// The caller closed the connection, or it was lost.
  case callerLeft = 1
  /// The deadline passed.
  case deadlinePassed
  /// The caller broke the protocol or a limit on this call, and was told.
  case refused
  /// The server is stopping and its grace period is over.
  case serverStopping
}

/// Knows whether a caller is still there.
public protocol CallerPresence: AnyObject, Sendable {
  var abandonment: Abandonment? { get }
}
