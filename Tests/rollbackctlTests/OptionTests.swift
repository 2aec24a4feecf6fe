import ArgumentParser
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("Options")
struct OptionTests {
  @Test(arguments: [
    ("5m", Duration.seconds(300)), ("1m30s", .seconds(90)), ("500ms", .milliseconds(500)),
    ("2.5s", .milliseconds(2500)),
    ("7", .seconds(7)), ("0", .zero), ("1d2h", .seconds(93_600)),
  ])
  func `spans of time`(text: String, span: Duration) {
    #expect(DurationArgument(argument: text)?.duration == span)
  }

  @Test(arguments: [
    "", "m", "5 m", "-5s", "5x", "1m30", "5m7", "1e9s", ".5s", "5.s", "99999999999999999d", "nan", "٣s",
  ])
  func `what is no span of time`(text: String) {
    #expect(DurationArgument(argument: text) == nil)
  }

  @Test func `times`() {
    let now = Sample.time(Sample.now)
    #expect(TimeArgument(argument: "2026-11-24T02:00:00+01:00")?.time(now: now) == Sample.time("2026-11-24T01:00:00Z"))
    #expect(TimeArgument(argument: "2026-11-24")?.time(now: now) == Sample.time("2026-11-24T00:00:00Z"))
    #expect(TimeArgument(argument: "1h")?.time(now: now) == Sample.time("2026-11-24T01:47:00Z"))
    #expect(TimeArgument(argument: "yesterday") == nil)
  }

  @Test func `-2 is a deploy, but not behind --`() {
    #expect(
      ArgumentRewriting.rewritten(["rollback", "a", "-2", "-y", "--", "-3"]) == [
        "rollback", "a", "\u{2212}2", "-y", "--", "-3",
      ])
    #expect(DeployWord(argument: "\u{2212}2")?.word == "-2")
    #expect(DeployWord(argument: "-3")?.word == "-3")
  }

  @Test func `the environment decides what is drawn`() {
    func environment(_ variables: [String: String]) -> SystemConsole.Environment { .init { variables[$0] } }
    #expect(environment(["TERM": "xterm", "LANG": "en_GB.UTF-8"]).allowsColor)
    #expect(environment(["TERM": "xterm", "LANG": "en_GB.UTF-8"]).isUnicode)
    #expect(!environment(["TERM": "xterm", "NO_COLOR": "1"]).allowsColor)
    #expect(environment(["TERM": "xterm", "NO_COLOR": ""]).allowsColor)
    #expect(environment(["TERM": "dumb"]).isDumb && environment([:]).isDumb)
    #expect(!environment(["LC_ALL": "C", "LANG": "en_GB.UTF-8"]).isUnicode)
  }

  @Test func `tables are for terminals, lines of JSON for streams`() throws {
    let list = try #require(try Rollbackctl.parseAsRoot(["list", "a"]) as? any Verb)
    let watch = try #require(try Rollbackctl.parseAsRoot(["watch", "a"]) as? any Verb)
    let export = try #require(try Rollbackctl.parseAsRoot(["audit", "export"]) as? any Verb)
    let asked = try #require(try Rollbackctl.parseAsRoot(["watch", "a", "-o", "json"]) as? any Verb)
    let (terminal, pipe) = (FakeConsole.person(), FakeConsole.program())
    #expect([list, watch, export, asked].map { $0.format(on: terminal) } == [.table, .table, .ndjson, .json])
    #expect([list, watch, export, asked].map { $0.format(on: pipe) } == [.json, .ndjson, .ndjson, .json])
  }
}
