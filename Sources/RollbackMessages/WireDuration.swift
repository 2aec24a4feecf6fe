internal import CRollbackProto
internal import ProtobufC

/// A span of time as it travels: `google.protobuf.Duration`. In Swift it is a `Duration`.
struct WireDuration: ProtobufMessage {
  static let layout = ProtobufLayout(google__protobuf__duration__init)

  /// About 10,000 years either way, which is all that the type may hold (duration.proto).
  static let validSeconds: ClosedRange<Int64> = -315_576_000_000...315_576_000_000

  let duration: Duration

  init(_ duration: Duration) {
    self.duration = duration
  }

  init(reading message: Google__Protobuf__Duration, with reader: ProtobufReader) throws(ProtobufError) {
    let areOpposed = (message.seconds > 0 && message.nanos < 0) || (message.seconds < 0 && message.nanos > 0)
    guard Self.validSeconds.contains(message.seconds), (-999_999_999...999_999_999).contains(message.nanos),
      !areOpposed
    else { throw ProtobufError(.invalidValue, field: "google.protobuf.Duration", "is out of range") }
    duration = .seconds(message.seconds) + .nanoseconds(Int64(message.nanos))
  }

  func write(into message: inout Google__Protobuf__Duration, with writer: ProtobufWriter) {
    let (seconds, attoseconds) = duration.components
    // Nobody means a longer one: what is out of range goes as the longest there is.
    message.seconds = min(max(seconds, Self.validSeconds.lowerBound), Self.validSeconds.upperBound)
    message.nanos = Int32(attoseconds / 1_000_000_000)
  }
}
