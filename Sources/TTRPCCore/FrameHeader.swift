/// The ten bytes before each frame's data (ttRPC PROTOCOL.md, "Message Frame").
///
///     length u32 · stream id u32 · type u8 · flags u8, numbers big-endian
public struct FrameHeader: Hashable, Sendable {
  /// Its size on the wire.
  public static let size = 10

  /// Bytes of data that follow.
  public var length: UInt32
  public var stream: StreamID
  public var type: MessageType
  public var flags: Flags

  public init(length: Int, stream: StreamID, type: MessageType, flags: Flags = []) {
    self.length = UInt32(length)
    self.stream = stream
    self.type = type
    self.flags = flags
  }

  /// Reads a header.
  ///
  /// - Parameter bytes: at least ``size`` bytes.
  public init(_ bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count >= Self.size, "a header has \(Self.size) bytes")
    length = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
    stream = StreamID(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
    type = MessageType(rawValue: bytes[8])
    flags = Flags(rawValue: bytes[9])
  }

  /// Writes the header.
  ///
  /// - Parameter bytes: at least ``size`` bytes.
  public func write(to bytes: UnsafeMutableRawBufferPointer) {
    precondition(bytes.count >= Self.size, "a header has \(Self.size) bytes")
    bytes.storeBytes(of: length.bigEndian, toByteOffset: 0, as: UInt32.self)
    bytes.storeBytes(of: stream.rawValue.bigEndian, toByteOffset: 4, as: UInt32.self)
    bytes[8] = type.rawValue
    bytes[9] = flags.rawValue
  }
}
