public import CRollbackProto
public import ProtobufC

/// A point in time: `google.protobuf.Timestamp`.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Since 1970-01-01T00:00:00Z; negative before.
  public let seconds: Int64
  /// 0 ..< 1,000,000,000, counted forward.
  public let nanoseconds: Int32

  /// - Parameter nanoseconds: 0 ..< 1,000,000,000.
  public init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// Microseconds since 1970, as PostgreSQL and the journal count.
  public init(microseconds: Int64) {
    let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let isBefore = rest < 0
    self.init(
      seconds: isBefore ? seconds - 1 : seconds, nanoseconds: Int32(isBefore ? rest + 1_000_000 : rest) * 1000)
  }

  /// Microseconds since 1970, rounded down.
  public var microseconds: Int64 { seconds * 1_000_000 + Int64(nanoseconds / 1000) }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }

  /// The time from `other` to this one.
  public func since(_ other: Timestamp) -> Duration {
    .seconds(seconds - other.seconds) + .nanoseconds(Int64(nanoseconds) - Int64(other.nanoseconds))
  }

  /// From 0001-01-01 to 9999-12-31, which is all that the type may hold (timestamp.proto).
  static let validSeconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
}

extension Timestamp: ProtobufMessage {
  public static let layout = ProtobufLayout(google__protobuf__timestamp__init)

  public init(reading message: Google__Protobuf__Timestamp, with reader: ProtobufReader) throws(ProtobufError) {
    guard Self.validSeconds.contains(message.seconds), (0..<1_000_000_000).contains(message.nanos) else {
      throw ProtobufError(.invalidValue, field: "google.protobuf.Timestamp", "is out of range")
    }
    self.init(seconds: message.seconds, nanoseconds: message.nanos)
  }

  public func write(into message: inout Google__Protobuf__Timestamp, with writer: ProtobufWriter) {
    // PostgreSQL's infinities, for one, are out of range: they go as the first and the last second there is.
    message.seconds = min(max(seconds, Self.validSeconds.lowerBound), Self.validSeconds.upperBound)
    message.nanos = min(max(nanoseconds, 0), 999_999_999)
  }
}
