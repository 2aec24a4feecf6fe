import Logging
import Testing

@testable import RollbackDaemon

@Suite struct LogLineTests {
  @Test func `an event is one line, whatever clients put into it`() {
    let line = LogLine(format: .text).render(
      level: .info, label: "rollbackd", message: "deploy\nforged line",
      pairs: [("app", "hello"), ("reason", "it's \"bad\" \u{1b}[31m\u{202e}")])
    #expect(
      line
        == "info rollbackd: deploy\\nforged line app=hello reason=\"it's \\\"bad\\\" \\u001b[31m\\u202e\"")
    #expect(!line.contains("\n"))
  }

  @Test func `JSON stays JSON`() {
    let line = LogLine(format: .json).render(
      level: .error, label: "x", message: "a \"b\" \\ c\u{0}", pairs: [("k", "v\u{2028}")])
    #expect(
      line == #"{"level":"error","logger":"x","message":"a \"b\" \\ c\u0000","k":"v\u2028"}"#)
  }

  @Test(arguments: [("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""), ("a=b", "\"a=b\"")])
  func `values are quoted where they need to be`(value: String, expected: String) {
    let line = LogLine(format: .text).render(level: .info, label: "x", message: "m", pairs: [("k", value)])
    #expect(line == "info x: m k=\(expected)")
  }
}
