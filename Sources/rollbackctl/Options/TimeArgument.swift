internal import ArgumentParser
internal import RollbackMessages

/// A time on the command line: RFC 3339, a day in UTC, or so long ago.
enum TimeArgument: ExpressibleByArgument, Hashable, Sendable {
  case at(Timestamp)
  /// Before now.
  case ago(Duration)

  init?(argument: String) {
    if let time = Timestamp(rfc3339: argument) ?? Timestamp(rfc3339: argument + "T00:00:00Z") {
      self = .at(time)
    } else if let span = DurationArgument(argument: argument) {
      self = .ago(span.duration)
    } else {
      return nil
    }
  }

  func time(now: Timestamp) -> Timestamp {
    switch self {
    case .at(let time): time
    case .ago(let span): Timestamp(seconds: now.seconds - span.components.seconds, nanoseconds: now.nanoseconds)
    }
  }
}
