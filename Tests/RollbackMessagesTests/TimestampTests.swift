import ProtobufC
import RollbackMessages
import Testing

@Suite("Times")
struct TimestampTests {
  static let texts: [(Int64, Int32, String)] = [
    (0, 0, "1970-01-01T00:00:00Z"),
    (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
    (951_782_400, 0, "2000-02-29T00:00:00Z"),
    (4_107_542_399, 0, "2100-02-28T23:59:59Z"),
    (4_107_542_400, 0, "2100-03-01T00:00:00Z"),
    (1_795_488_430, 125_000_000, "2026-11-24T02:47:10.125Z"),
    (1_795_488_430, 1_000, "2026-11-24T02:47:10.000001Z"),
    (1_795_488_430, 1, "2026-11-24T02:47:10.000000001Z"),
    (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
    (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
  ]

  @Test("are written and read as RFC 3339 in UTC", arguments: texts)
  func rfc3339(_ seconds: Int64, _ nanoseconds: Int32, _ text: String) {
    let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    #expect(time.rfc3339 == text)
    #expect(Timestamp(rfc3339: text) == time)
  }

  @Test(
    "are read in any offset, with any number of digits",
    arguments: [
      ("2026-11-24T03:47:10+01:00", "2026-11-24T02:47:10Z"),
      ("2026-11-23T21:17:10.5-05:30", "2026-11-24T02:47:10.500Z"),
      ("2026-11-24t02:47:10z", "2026-11-24T02:47:10Z"), ("2026-11-24 02:47:10Z", "2026-11-24T02:47:10Z"),
      ("2026-11-24T02:47:10.1234567899999Z", "2026-11-24T02:47:10.123456789Z"),
    ])
  func offsets(_ text: String, _ utc: String) {
    #expect(Timestamp(rfc3339: text)?.rfc3339 == utc)
  }

  @Test(
    "are not read from anything else",
    arguments: [
      "", "now", "2026-11-24", "2026-11-24T02:47Z", "2026-11-24T02:47:10", "2026-13-01T00:00:00Z",
      "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z",
      "2026-11-24T24:00:00Z", "2026-11-24T02:60:00Z", "2026-11-24T02:47:60Z", "2026-11-24T02:47:10.Z",
      "2026-11-24T02:47:10+1:00", "2026-11-24T02:47:10+01:00Z", "2026-11-24T02:47:10Z ", "٢٠٢٦-11-24T02:47:10Z",
    ])
  func refusals(_ text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test(
    "convert to and from microseconds, rounding down",
    arguments: [(0, 0, 0), (1_500_000, 1, 500_000_000), (-1, -1, 999_999_000), (-1_000_000, -1, 0)])
  func microseconds(_ microseconds: Int64, _ seconds: Int64, _ nanoseconds: Int32) {
    let time = Timestamp(microseconds: microseconds)
    #expect(time == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    #expect(time.microseconds == microseconds)
    #expect(Timestamp(seconds: seconds, nanoseconds: nanoseconds + 999).microseconds == microseconds)
  }

  @Test("are ordered, and their difference is a duration")
  func order() {
    let early = Timestamp(seconds: 10, nanoseconds: 900_000_000)
    let late = Timestamp(seconds: 12, nanoseconds: 100_000_000)
    #expect(early < late)
    #expect(late.since(early) == .milliseconds(1200))
    #expect(early.since(late) == .milliseconds(-1200))
  }

  @Test("beyond what the wire may hold travel as the first and the last there is")
  func infinity() throws {
    for (time, seconds) in [
      (Timestamp(microseconds: .max), 253_402_300_799), (Timestamp(microseconds: .min), -62_135_596_800),
    ] {
      let app = try ProtobufCodec().decode(App.self, from: ProtobufCodec().encode(App(createdAt: time)))
      #expect(app.createdAt?.seconds == Int64(seconds))
    }
  }

  @Test(
    "spans of time keep sign and nanoseconds",
    arguments: [
      .zero, .nanoseconds(1), .nanoseconds(-1), .milliseconds(-1500), .seconds(315_576_000_000),
      .seconds(-315_576_000_000),
    ] as [Duration])
  func durations(_ duration: Duration) throws {
    let options = RolloutOptions(soak: duration)
    #expect(try ProtobufCodec().decode(RolloutOptions.self, from: ProtobufCodec().encode(options)) == options)
  }
}
