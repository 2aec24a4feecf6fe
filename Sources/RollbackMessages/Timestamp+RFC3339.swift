extension Timestamp {
  /// As in RFC 3339, in UTC, with as many digits of a fraction as it needs in groups of three: `2026-11-24T02:47:10Z`,
  /// `2026-11-24T02:47:10.125Z`.
  public var rfc3339: String {
    let (days, second) = Self.floored(seconds, by: 86_400)
    let date = Self.civil(fromDays: days)
    var text = "\(Self.padded(date.year, 4))-\(Self.padded(date.month, 2))-\(Self.padded(date.day, 2))"
    text += "T\(Self.padded(second / 3600, 2)):\(Self.padded(second / 60 % 60, 2)):\(Self.padded(second % 60, 2))"
    if nanoseconds != 0 {
      var digits = Self.padded(Int64(nanoseconds), 9)[...]
      while digits.hasSuffix("000") { digits = digits.dropLast(3) }
      text += ".\(digits)"
    }
    return text + "Z"
  }

  /// Reads an RFC 3339 time in any offset; nil for anything else. Digits beyond nanoseconds are dropped.
  public init?(rfc3339 text: String) {
    var scanner = Scanner(rest: Substring(text).utf8)
    guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2), (1...12).contains(month),
      scanner.take("-"), let day = scanner.number(2), (1...Self.days(in: month, of: year)).contains(day),
      scanner.take("T") || scanner.take("t") || scanner.take(" "),
      let hour = scanner.number(2), hour < 24, scanner.take(":"), let minute = scanner.number(2), minute < 60,
      scanner.take(":"), let second = scanner.number(2), second < 60
    else { return nil }
    var nanoseconds: Int32 = 0
    if scanner.take(".") {
      guard let fraction = scanner.fraction() else { return nil }
      nanoseconds = fraction
    }
    var offset: Int64 = 0
    if !scanner.take("Z"), !scanner.take("z") {
      let isWest = scanner.take("-")
      guard isWest || scanner.take("+"), let hours = scanner.number(2), hours < 24, scanner.take(":"),
        let minutes = scanner.number(2), minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }
    guard scanner.rest.isEmpty else { return nil }
    let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    self.init(seconds: seconds, nanoseconds: nanoseconds)
  }

  private struct Scanner {
    var rest: Substring.UTF8View

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard let first = rest.first, UInt32(first) == character.value else { return false }
      rest.removeFirst()
      return true
    }

    mutating func number(_ digits: Int) -> Int64? {
      guard rest.count >= digits else { return nil }
      var value: Int64 = 0
      for _ in 0..<digits {
        let digit = rest.removeFirst()
        guard (0x30...0x39).contains(digit) else { return nil }
        value = value * 10 + Int64(digit - 0x30)
      }
      return value
    }

    mutating func fraction() -> Int32? {
      var value: Int32 = 0
      var digits = 0
      while let digit = rest.first, (0x30...0x39).contains(digit) {
        rest.removeFirst()
        if digits < 9 { value = value * 10 + Int32(digit - 0x30) }
        digits += 1
      }
      guard digits > 0 else { return nil }
      for _ in digits..<max(digits, 9) { value *= 10 }
      return value
    }
  }

  private static func floored(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar, which repeats every 400 years of 146,097 days; a year
  /// is counted from March, so that the leap day comes last.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let fromMarch = (month + 9) % 12
    let (era, yearOfEra) = floored(month <= 2 ? year - 1 : year, by: 400)
    let dayOfYear = (153 * fromMarch + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, day) = floored(days + 719_468, by: 146_097)
    let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
  }
}
