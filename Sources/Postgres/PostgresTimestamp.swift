public import FoundationEssentials

/// A `timestamptz`: microseconds since 1970-01-01 00:00 UTC, exactly as the database has them.
public struct PostgresTimestamp: Sendable, Hashable, Comparable {
  public var microsecondsSince1970: Int64

  /// PostgreSQL counts from 2000-01-01 00:00 UTC.
  static let epochOffset: Int64 = 946_684_800_000_000

  public init(microsecondsSince1970: Int64) {
    self.microsecondsSince1970 = microsecondsSince1970
  }

  /// Rounded to the microsecond.
  public init(_ date: Date) {
    self.init(microsecondsSince1970: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()))
  }

  public var date: Date { Date(timeIntervalSince1970: Double(microsecondsSince1970) / 1_000_000) }

  public static func < (a: Self, b: Self) -> Bool { a.microsecondsSince1970 < b.microsecondsSince1970 }

  /// As the binary format has it. `infinity` and `-infinity` are the type's ends and stay so.
  init(sinceYear2000 microseconds: Int64) {
    switch microseconds {
    case .max, .min: self.init(microsecondsSince1970: microseconds)
    default:
      let (sum, overflow) = microseconds.addingReportingOverflow(Self.epochOffset)
      self.init(microsecondsSince1970: overflow ? .max : sum)
    }
  }

  /// As the binary format has it; what is too early for it is `-infinity`.
  public var microsecondsSince2000: Int64 {
    guard microsecondsSince1970 != .max else { return .max }
    let (difference, overflow) = microsecondsSince1970.subtractingReportingOverflow(Self.epochOffset)
    return overflow ? .min : difference
  }
}
