/// A moment of the cluster's own time: microseconds since 1970, UTC.
struct Timestamp: Comparable, Hashable, Sendable {
  var microseconds: Int64

  static func < (one: Timestamp, other: Timestamp) -> Bool { one.microseconds < other.microseconds }

  static func + (moment: Timestamp, span: Duration) -> Timestamp {
    Timestamp(microseconds: moment.microseconds + span.microseconds)
  }

  /// The time from another moment to this one.
  func since(_ other: Timestamp) -> Duration { .microseconds(microseconds - other.microseconds) }

  /// RFC 3339 in whole seconds, cut off and not rounded, as API objects carry it.
  var seconds: String { text(fraction: false) }

  /// RFC 3339 with six digits of a second, as `MicroTime` is written.
  var micro: String { text(fraction: true) }

  /// The moment that an RFC 3339 text in UTC names; `nil` for any other form.
  init?(_ text: String) {
    let parts = text.split(whereSeparator: { "-T:Z".contains($0) })
    guard parts.count == 6, text.hasSuffix("Z"), let year = Int64(parts[0]), let month = Int64(parts[1]),
      let day = Int64(parts[2]), let hour = Int64(parts[3]), let minute = Int64(parts[4]),
      let second = Double(parts[5])
    else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    microseconds = ((days * 24 + hour) * 60 + minute) * 60_000_000 + Int64((second * 1_000_000).rounded())
  }

  init(microseconds: Int64) { self.microseconds = microseconds }

  private func text(fraction: Bool) -> String {
    let whole = microseconds.dividedFloor(by: 1_000_000)
    let days = whole.dividedFloor(by: 86_400)
    let second = whole - days * 86_400
    let date = Self.date(days: days)
    func pad(_ value: Int64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    var text = "\(pad(date.year, 4))-\(pad(date.month, 2))-\(pad(date.day, 2))T"
    text += "\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))"
    if fraction { text += "." + pad(microseconds - whole * 1_000_000, 6) }
    return text + "Z"
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.dividedFloor(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted.dividedFloor(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let index = (5 * dayOfYear + 2) / 153
    let month = (index + 2) % 12 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * index + 2) / 5 + 1)
  }
}

extension Int64 {
  fileprivate func dividedFloor(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

extension Duration {
  /// The whole span in microseconds.
  var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
