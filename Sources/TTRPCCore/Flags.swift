/// What a frame says about its sender's half of the stream.
public struct Flags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The sender sends nothing more on this stream.
  public static let remoteClosed = Flags(rawValue: 0x01)
  /// The sender will send more on this stream.
  public static let remoteOpen = Flags(rawValue: 0x02)
  /// The frame carries no message; without it, no bytes are an empty message.
  public static let noData = Flags(rawValue: 0x04)

  /// The one way to end a stream that every known peer understands: nothing more, and no message with it.
  public static let end: Flags = [.remoteClosed, .noData]
}
