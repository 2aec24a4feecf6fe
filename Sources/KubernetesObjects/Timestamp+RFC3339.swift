extension Timestamp {
  /// Reads `2026-11-23T22:01:39Z`, also with a fraction of a second and with a numeric offset (RFC 3339, section 5.6).
  /// Nil for anything else. A leap second counts as the second after it.
  public init?(rfc3339 text: String) {
    var scanner = DigitScanner(text.utf8)
    guard
      let year = scanner.number(digits: 4), scanner.take("-"),
      let month = scanner.number(digits: 2), scanner.take("-"),
      let day = scanner.number(digits: 2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
      let hour = scanner.number(digits: 2), scanner.take(":"),
      let minute = scanner.number(digits: 2), scanner.take(":"),
      let second = scanner.number(digits: 2)
    else { return nil }
    var nanoseconds = 0
    if scanner.take(".") {
      guard let fraction = scanner.fraction(digits: 9) else { return nil }
      nanoseconds = fraction
    }
    var offset = 0
    if !(scanner.take("Z") || scanner.take("z")) {
      let sign = scanner.take("+") ? 1 : scanner.take("-") ? -1 : 0
      guard
        sign != 0, let hours = scanner.number(digits: 2), hours < 24, scanner.take(":"),
        let minutes = scanner.number(digits: 2), minutes < 60
      else { return nil }
      offset = sign * (hours * 3600 + minutes * 60)
    }
    guard
      scanner.isAtEnd,
      let utc = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    else { return nil }
    self.init(seconds: utc.seconds - Int64(offset), nanoseconds: Int32(nanoseconds))
  }

  /// `2026-11-23T22:01:39Z`, with six digits of fraction when the time is not a whole second.
  public var rfc3339: String {
    let civil = civilTime
    var text = "\(padded(civil.year, 4))-\(padded(civil.month))-\(padded(civil.day))"
    text += "T\(padded(civil.hour)):\(padded(civil.minute)):\(padded(civil.second))"
    if nanoseconds != 0 { text += "." + padded(Int(nanoseconds) / 1000, 6) }
    return text + "Z"
  }
}

/// `number` in decimal, filled up with zeros on the left.
private func padded(_ number: Int, _ width: Int = 2) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
