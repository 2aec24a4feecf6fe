/// A UTC date and time of the proleptic Gregorian calendar.
struct CivilTime: Hashable {
  var year: Int
  var month: Int
  var day: Int
  var hour: Int
  var minute: Int
  var second: Int
}

extension Timestamp {
  /// The timestamp of a UTC date and time; nil when there is no such date. Second 60 is accepted (leap seconds).
  init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    guard
      year >= 1, (1...12).contains(month), (1...Self.daysInMonth(month, year: year)).contains(day),
      (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
    else { return nil }
    // Count days from 1 March of year 0, so that a leap day comes last in its year.
    let shifted = month > 2 ? year : year - 1
    let yearDays = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400
    let monthDays = (153 * ((month + 9) % 12) + 2) / 5
    let days = yearDays + monthDays + day - 1 - Self.daysToEpoch
    self.init(seconds: Int64(days * 86_400 + hour * 3600 + minute * 60 + second))
  }

  /// This time as date and time of day in UTC.
  var civilTime: CivilTime {
    let secondOfDay = Int(((seconds % 86_400) + 86_400) % 86_400)
    let days = Int((seconds - Int64(secondOfDay)) / 86_400) + Self.daysToEpoch
    var year = Int((Double(days) / 365.2425).rounded(.down))
    func start(of year: Int) -> Int { year * 365 + year / 4 - year / 100 + year / 400 }
    while start(of: year) > days { year -= 1 }
    while start(of: year + 1) <= days { year += 1 }
    let dayOfYear = days - start(of: year)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return CivilTime(
      year: month > 2 ? year : year + 1, month: month, day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
      hour: secondOfDay / 3600, minute: secondOfDay / 60 % 60, second: secondOfDay % 60)
  }

  /// Days from 0000-03-01 to 1970-01-01.
  private static let daysToEpoch = 719_468

  private static func daysInMonth(_ month: Int, year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
