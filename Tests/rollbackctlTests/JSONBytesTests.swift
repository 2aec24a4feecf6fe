import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("JSON as bytes")
struct JSONBytesTests {
  private func text(_ write: (inout JSONBytes) -> Void) -> String {
    var bytes = JSONBytes()
    write(&bytes)
    return String(decoding: bytes.bytes, as: UTF8.self)
  }

  @Test(arguments: [
    "", "plain", "a\"b\\c\n\r\t\u{1}\u{7F}", "é😀\u{9B}\u{A0}\u{85}x", "\u{C2}", String(repeating: "ü", count: 300),
  ])
  func `strings are written as the tree writes them`(string: String) {
    #expect(text { $0.string(string) } == JSONValue.string(string).line)
    #expect(text { $0.given(string) } == JSONValue.given(string).line)
  }

  @Test(arguments: [
    #"{"a": 1, "b" : [ ], "c":{ },"d":[1 ,-2.5e+10, 0.1], "e":"x y"}"#, "[]", " null ", "true", "-0", "[[[1]]]",
    "{\"c1\": \"\u{9B}\u{7F}é😀\", \"n\": {\"m\": false}}",
  ])
  func `documents lose their spaces and nothing else`(document: String) {
    #expect(text { $0.document(document) } == JSONValue(parsing: document)?.line)
  }

  @Test func `escapes in documents stay as they are`() {
    let document = #"["\u00fc\ud83d\ude00\/\b\\\""]"#
    #expect(text { $0.document(document) } == document)
  }

  @Test(arguments: [
    "{", "[1,]", "{\"a\":}", "01", "1.", "-", "1e", "tru", "\"a", "\"\n\"", #""\x""#, #""\ud800""#, #""\ud800\u0041""#,
    #""\udc00""#, "[1] 2", "{a:1}", "\u{FEFF}1",
    String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
  ])
  func `what is no document is written as a string`(malformed: String) {
    #expect(text { $0.document(malformed) } == JSONValue.string(malformed).line)
    #expect(JSONValue(parsing: malformed) == nil)
  }

  @Test(
    arguments: [
      0, -1, 1, 951_782_399, 951_782_400, 1_709_164_800, 4_107_542_400, 253_402_300_799, -2_208_988_800,
      -62_167_219_200,
      253_402_300_800,
    ] as [Int64])
  func `times are written as the tree writes them`(seconds: Int64) {
    for nanoseconds in [0, 1000, 123_456_789] as [Int32] {
      let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
      #expect(text { $0.time(time) } == JSONValue.time(time).line)
    }
  }
}
