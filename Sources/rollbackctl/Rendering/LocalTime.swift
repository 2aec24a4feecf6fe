internal import Glibc
internal import RollbackMessages

/// Times as the clock on the wall has them.
struct LocalTime: Sendable {
  /// Seconds east of UTC at a time in seconds since 1970.
  var offset: @Sendable (Int64) -> Int64

  static let utc = LocalTime { _ in 0 }

  /// The zone of `TZ`, else of the host (tzset(3)).
  static let system = LocalTime { seconds in
    var time = time_t(seconds)
    var parts = tm()
    guard localtime_r(&time, &parts) != nil else { return 0 }
    return Int64(parts.tm_gmtoff)
  }

  /// `02:47:10`.
  func clock(_ time: Timestamp) -> String { String(text(time).dropFirst(11).prefix(8)) }

  /// `2027-02-06`.
  func day(_ time: Timestamp) -> String { String(text(time).prefix(10)) }

  /// `02:31` for a time of today, else `2026-11-23 02:31`.
  func minute(_ time: Timestamp, now: Timestamp) -> String {
    let minute = String(clock(time).prefix(5))
    return day(time) == day(now) ? minute : day(time) + " " + minute
  }

  /// `2026-11-23 02:31:07`.
  func full(_ time: Timestamp) -> String { day(time) + " " + clock(time) }

  private func text(_ time: Timestamp) -> String {
    Timestamp(seconds: time.seconds + offset(time.seconds)).rfc3339
  }
}
