import Testing

@testable import rollbackctl

@Suite("JSON text")
struct JSONValueTests {
  @Test(arguments: [
    #"{"a":[1,-2.5e+10,0],"b":{"c":null,"d":true,"e":false},"f":""}"#, "[]", "{}", #"["é😀\u0001\\\"\n"]"#, "-0",
    #"{"a":1,"a":2}"#,
  ])
  func `what is read is written the same`(text: String) {
    #expect(JSONValue(parsing: text)?.line == text)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":}", "01", "1.", "-", "1e", "tru", "\"a", "\"\n\"", #""\x""#, #""\ud800""#, "[1] 2",
    "{a:1}", "\u{FEFF}1", String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
  ])
  func `what is not JSON is refused`(text: String) {
    #expect(JSONValue(parsing: text) == nil)
  }

  @Test func `escapes are resolved`() {
    #expect(JSONValue(parsing: #" "\u0041\ud83d\ude00\/\b\f" "#) == .string("A😀/\u{8}\u{C}"))
  }

  @Test func `controls are escaped, also those beyond ASCII`() {
    #expect(JSONValue.string("\u{1B}\u{9B}\u{7F}").line == #""\u001b\u009b\u007f""#)
  }

  @Test func `a document is indented`() {
    #expect(
      JSONValue.object(["a": .array([.number(1), .null]), "b": .object([]), "c": .array([])]).document == """
        {
          "a": [
            1,
            null
          ],
          "b": {},
          "c": []
        }
        """)
  }
}
