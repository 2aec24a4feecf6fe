/// What a frame's data is. Open: peers may send types that we do not know, and those are ignored.
public struct MessageType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// From the client, opens a stream: a ``RequestEnvelope``.
  public static let request = MessageType(rawValue: 1)
  /// From the server, ends a stream: a ``ResponseEnvelope``.
  public static let response = MessageType(rawValue: 2)
  /// From either side: one message of a streaming call, without an envelope.
  public static let data = MessageType(rawValue: 3)
}
