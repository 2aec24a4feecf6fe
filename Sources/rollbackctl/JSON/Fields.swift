internal import RollbackMessages

/// How times, spans and hashes are written in JSON.
extension JSONValue {
  /// RFC 3339 in UTC, always with six digits of a fraction, so that the text sorts as the time does; null for none.
  static func time(_ time: Timestamp?) -> JSONValue {
    guard let time else { return .null }
    let fraction = String(time.nanoseconds / 1000)
    let zeros = String(repeating: "0", count: 6 - fraction.count)
    return .string(Timestamp(seconds: time.seconds).rfc3339.dropLast() + "." + zeros + fraction + "Z")
  }

  /// Seconds, to the millisecond; null for none.
  static func seconds(_ duration: Duration?) -> JSONValue {
    guard let duration else { return .null }
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    let fraction = String(abs(milliseconds) % 1000)
    let zeros = String(repeating: "0", count: 3 - fraction.count)
    return .number("\(milliseconds < 0 ? "-" : "")\(abs(milliseconds) / 1000).\(zeros)\(fraction)")
  }

  /// Lower-case hexadecimal digits; null for no bytes.
  static func hexadecimal(_ bytes: [UInt8]) -> JSONValue { given(bytes.hexadecimal) }
}

extension [UInt8] {
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
