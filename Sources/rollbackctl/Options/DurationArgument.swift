internal import ArgumentParser

/// A span of time on the command line: `90s`, `5m`, `1m30s`, `500ms`; a number alone is in seconds.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
  var duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    var rest = Substring(argument)
    var total = Duration.zero
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(unit.count)
      guard digits.first?.isNumber == true, digits.last?.isNumber == true, let number = Double(digits),
        // A century; longer ones are mistakes, and would overflow.
        let factor = Self.seconds(unit), number * factor <= 3.2e9
      else { return nil }
      if unit.isEmpty, !rest.isEmpty || total != .zero { return nil }
      total += .milliseconds(Int64((number * factor * 1000).rounded()))
    }
    duration = total
  }

  private static func seconds(_ unit: Substring) -> Double? {
    switch unit {
    case "ms": 0.001
    case "", "s": 1
    case "m": 60
    case "h": 3600
    case "d": 86_400
    default: nil
    }
  }
}
