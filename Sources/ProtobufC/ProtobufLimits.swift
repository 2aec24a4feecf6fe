/// How much one message may ask of this process.
public struct ProtobufLimits: Hashable, Sendable {
  /// The longest message, in bytes on the wire. 4 MiB, ttRPC's own limit.
  public var maximumBytes = 4 << 20
  /// How deep sub-messages may nest. 100, as in Google's implementations; protobuf-c itself would recurse until the
  /// stack is gone.
  public var maximumDepth = 100
  /// Bytes of memory granted for each byte on the wire, on top of ``memoryBase``.
  ///
  /// Rows of deploys need about 2, a list of one-letter strings 17. 4 MiB of empty sub-messages would need over 100.
  public var memoryFactor = 16
  /// Bytes of memory granted to any message, however short. 64 KiB.
  public var memoryBase = 64 << 10

  /// The documented defaults.
  public init() {}

  /// All the memory that a message of `length` bytes may take.
  func memory(forLength length: Int) -> Int { memoryBase + memoryFactor * length }
}
