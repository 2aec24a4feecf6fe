/// What one peer, and all of them together, may ask of this process. Everything has a clear refusal.
public struct TransportLimits: Hashable, Sendable {
  /// Connections at a time. 2,048. Requests of further ones are answered RESOURCE_EXHAUSTED, and the connection closed.
  public var maximumConnections = 2_048
  /// Those of one user, so that nobody locks the others out; as many as there may be in all by default. The superuser
  /// and the server's own user are not counted.
  public var maximumConnectionsPerUser = Int.max
  /// Refused connections at a time, which wait to be told so. 64. Further ones wait in the listener's backlog.
  public var maximumRefusedConnections = 64
  /// How long a refused peer may take until it has been told so. 5 s. Then its connection is closed.
  public var refusalTimeout = Duration.seconds(5)
  /// Open calls of one connection. 1,024. The next is answered RESOURCE_EXHAUSTED.
  public var maximumStreamsPerConnection = 1_024
  /// The most data of one frame, envelope included. 4 MiB, ttRPC's own limit. A longer request is skipped and answered
  /// RESOURCE_EXHAUSTED; a longer reply is replaced by that answer.
  public var maximumMessageSize = 4 << 20
  /// Bytes waiting to be written to one connection, at which `send` suspends and no further request is read. 256 KiB.
  public var highWaterMark = 256 << 10
  /// Bytes at which they go on. 64 KiB.
  public var lowWaterMark = 64 << 10
  /// Bytes waiting to be written to one connection, beyond which a reply is replaced by RESOURCE_EXHAUSTED; and, counted
  /// apart, bytes received on it that no handler has taken. 16 MiB.
  public var maximumQueuedBytesPerConnection = 16 << 20
  /// The same for all connections together, and with it the memory of frames that have come in part, which may take half
  /// of it: where a frame under way needs more, its connection is closed. 256 MiB.
  public var maximumQueuedBytes = 256 << 20
  /// Bytes received on one stream that its handler has not taken yet, each message counted with 64 more. 1 MiB. One
  /// message more fails the stream with RESOURCE_EXHAUSTED, for the reader never waits for a handler. Large enough for
  /// all the messages that one read may bring, so that no handler which keeps up is ever refused. The messages of all
  /// streams together count towards the two limits above.
  public var maximumInboxBytes = 1 << 20
  /// How long a frame may take from its first byte to its last. 30 s. Then the connection is closed.
  public var frameTimeout = Duration.seconds(30)
  /// How long a connection may take no byte of what waits for it. 30 s. Then it is closed.
  public var writeStallTimeout = Duration.seconds(30)

  public init() {}

  /// What is wrong with these limits, in the fields' own words; nil when nothing is.
  public var problem: String? {
    if maximumConnections < 1 { return "maximumConnections must be at least 1" }
    if maximumConnectionsPerUser < 1 { return "maximumConnectionsPerUser must be at least 1" }
    if maximumRefusedConnections < 1 { return "maximumRefusedConnections must be at least 1" }
    if maximumStreamsPerConnection < 1 { return "maximumStreamsPerConnection must be at least 1" }
    if !(1024..<1 << 24).contains(maximumMessageSize) { return "maximumMessageSize must be from 1 KiB to below 16 MiB" }
    if lowWaterMark < 0 || lowWaterMark >= highWaterMark { return "lowWaterMark must be below highWaterMark" }
    if maximumQueuedBytesPerConnection < highWaterMark {
      return "maximumQueuedBytesPerConnection must be at least highWaterMark"
    }
    if maximumQueuedBytes < maximumQueuedBytesPerConnection {
      return "maximumQueuedBytes must be at least maximumQueuedBytesPerConnection"
    }
    if maximumQueuedBytes / 2 < maximumMessageSize + (64 << 10) {
      return "maximumQueuedBytes must be more than twice maximumMessageSize"
    }
    if maximumInboxBytes < 1 { return "maximumInboxBytes must be above zero" }
    if frameTimeout <= .zero || writeStallTimeout <= .zero || refusalTimeout <= .zero {
      return "timeouts must be above zero"
    }
    return nil
  }
}
