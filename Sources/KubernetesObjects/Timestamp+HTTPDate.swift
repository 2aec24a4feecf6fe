extension Timestamp {
  /// Reads the `Date` header of an answer: `Mon, 23 Nov 2026 22:01:21 GMT` (IMF-fixdate, RFC 9110 section 5.6.7).
  /// Nil for anything else; the two obsolete forms of that section are not read, no API server writes them.
  public init?(httpDate text: String) {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT" else { return nil }
    guard let month = Self.monthNames.firstIndex(of: String(parts[2])) else { return nil }
    var date = DigitScanner("\(parts[1]) \(parts[3]) \(parts[4])".utf8)
    guard
      let day = date.number(digits: 2), date.take(" "),
      let year = date.number(digits: 4), date.take(" "),
      let hour = date.number(digits: 2), date.take(":"),
      let minute = date.number(digits: 2), date.take(":"),
      let second = date.number(digits: 2), date.isAtEnd
    else { return nil }
    self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
  }

  private static let monthNames = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
