import KubernetesObjects
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0, 0),
    ("2026-11-23T22:01:39Z", 1_795_471_299, 0),
    ("2026-11-23T22:03:52.987808Z", 1_795_471_432, 987_808_000),
    ("2026-11-23T22:03:52.5Z", 1_795_471_432, 500_000_000),
    ("2026-11-23T22:03:52.1234567891Z", 1_795_471_432, 123_456_789),
    ("2026-11-24T00:01:39+02:00", 1_795_471_299, 0),
    ("2026-11-23T16:31:39-05:30", 1_795_471_299, 0),
    ("2024-02-29T12:00:00Z", 1_709_208_000, 0),
    ("2000-03-01T00:00:00Z", 951_868_800, 0),
    ("1969-12-31T23:59:59Z", -1, 0),
    ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
  ])
  func readsRFC3339(text: String, seconds: Int64, nanoseconds: Int32) {
    #expect(Timestamp(rfc3339: text) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
  }

  @Test(arguments: [
    "", "2026-11-23", "2026-11-23T22:01:39", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z",
    "2026-11-23T22:01:39.Z", "2026-11-23T22:01:39Zx", "26-11-23T22:01:39Z", "2026-11-23T22:01:39+0200", "١٩٧٠",
  ])
  func refusesWhatIsNoRFC3339Time(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func readsTheDateHeaderOfAnAnswer() {
    #expect(
      Timestamp(httpDate: "Mon, 23 Nov 2026 22:01:21 GMT") == Timestamp(rfc3339: "2026-11-23T22:01:21Z"))
    #expect(Timestamp(httpDate: "Mon, 23 Nov 2026 22:01:21 CET") == nil)
    #expect(Timestamp(httpDate: "Monday, 23-Nov-26 22:01:21 GMT") == nil)
  }

  @Test func writesWhatItReads() {
    for day in stride(from: Int64(-719_000), to: 2_900_000, by: 37) {
      let time = Timestamp(seconds: day * 86_400 + (day & 0xffff))
      #expect(Timestamp(rfc3339: time.rfc3339) == time)
    }
    #expect(Timestamp(seconds: 0, nanoseconds: 1_500_000).rfc3339 == "1970-01-01T00:00:00.001500Z")
  }

  @Test func tellsTheTimeBetween() {
    let early = Timestamp(seconds: 10, nanoseconds: 900_000_000)
    let late = Timestamp(seconds: 12, nanoseconds: 100_000_000)
    #expect(late.since(early) == .milliseconds(1200))
    #expect(early < late)
  }
}
