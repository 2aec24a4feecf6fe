import RollbackClient
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("Exit status")
struct ProgramStatusTests {
  @Test(arguments: [
    (ErrorReason.invalidRollbackTarget, 6), (.invalidArgument, 2), (.notFound, 4), (.conflict, 5), (.imageGone, 6),
    (.imageBlocked, 6), (.deploymentPaused, 6), (.deploymentDeleted, 6), (.deploymentRecreate, 6),
    (.expectationFailed, 6), (.notPermitted, 7), (.unauthenticated, 7), (.unavailable, 75), (.deadlineExceeded, 8),
    (.resourceExhausted, 75), (.unimplemented, 1), (.internal, 1), (.daemonUnreachable, 69), (.connectionLost, 69),
    (.cancelled, 130), (ErrorReason(rawValue: "of_a_later_version"), 1),
  ])
  func `of each reason`(reason: ErrorReason, status: Int) async {
    #expect(ProgramStatus(reason).rawValue == Int32(status))
    let error = RollbackError(reason, "why")
    let daemon = FakeDaemon(deploysError: error)
    for format in ["table", "json", "ndjson"] {
      let console = FakeConsole.program()
      #expect(await run("list", "hello", "--output", format, on: console, daemon: daemon).rawValue == Int32(status))
      #expect((format == "table") == console.written.isEmpty)
    }
  }

  @Test(arguments: [
    (RolloutOutcome.succeeded, 0), (.alreadyCurrent, 0), (.failed, 3), (.superseded, 10), (.cancelled, 10),
    (.timedOut, 8), (.reverted, 9), (.unspecified, 1),
  ])
  func `of each outcome`(outcome: RolloutOutcome, status: Int) {
    #expect(ProgramStatus(outcome).rawValue == Int32(status))
  }

  @Test func `69 when nobody is there, with the library's sentence`() async {
    let error = RollbackError(
      .daemonUnreachable, "There is no socket /run/x: start it", details: ["socket": "/run/x", "errno": "ENOENT"])
    let console = FakeConsole.program()
    #expect(await run("health", on: console, unreachable: error) == .unreachable)
    #expect(
      console.written == """
        {
          "error": {
            "reason": "daemon_unreachable",
            "message": "There is no socket /run/x: start it",
            "details": {
              "errno": "ENOENT",
              "socket": "/run/x"
            }
          }
        }

        """)
    let person = FakeConsole.person()
    _ = await run("health", on: person, unreachable: error)
    #expect(person.screen == "error (daemon_unreachable): There is no socket /run/x: start it\n")
  }

  @Test(arguments: [
    ["list"], ["list", "hello", "--bogus"], ["frobnicate"], ["list", "hello", "--limit", "0"],
    ["rollback", "hello", "--yes", "--request-id", "no-uuid"],
    ["rollback", "hello", "--yes", "--timeout", "5 minutes"],
    ["rollback", "hello", "--yes", "--cancel-running", "--wait-for-lock", "5s"],
    ["audit", "query", "--since", "yesterday"], ["list", "hello", "--output", "xml"],
    ["rollback", "hello", "--yes", "--token-file", "/nonexistent/token"], ["app", "register", "hello"],
  ])
  func `2 for wrong use, told on standard error`(arguments: [String]) async {
    let traits = StreamTraits(isTerminal: true, width: 80)
    let console = FakeConsole(output: traits, progress: traits, canAsk: true)
    let status = await Program.run(arguments, on: console) { _, _ in .done }
    #expect(status == .usage)
    #expect(console.written == "" && !console.told.isEmpty)
    for line in console.told.split(separator: "\n") { #expect(String(line).displayWidth <= 80, "\(line)") }
  }

  @Test func `wrong use is JSON where JSON was asked for`() async {
    let console = FakeConsole.person()
    #expect(await run("list", "--output", "ndjson", "hello", "--bogus", on: console) == .usage)
    #expect(
      console.screen
        == #"{"error":{"reason":"invalid_argument","message":"Unknown option '--bogus'","details":{}}}"# + "\n")
  }

  /// As every other error: where nobody reads standard output it is for programs.
  @Test(arguments: [
    ["list"], ["frobnicate"], ["list", "hello", "-o=json", "--bogus"], ["list", "hello", "--output", "xml"],
    ["list", "hello", "--limit", "0"], ["watch"], ["list", "hello", "-o"],
  ])
  func `wrong use is JSON also where that is the default`(arguments: [String]) async {
    let console = FakeConsole.program()
    #expect(await Program.run(arguments, on: console) { _, _ in .done } == .usage)
    #expect(JSONValue(parsing: console.written)?["error"]?["reason"] == .string("invalid_argument"))
    #expect(console.told == "")
  }

  @Test func `wrong use is told where tables were asked for`() async {
    let console = FakeConsole.program()
    #expect(await run("list", "--output", "table", "hello", "--bogus", on: console) == .usage)
    #expect(console.written == "" && console.told.hasPrefix("Error: Unknown option '--bogus'"))
  }

  @Test(arguments: [["--help"], ["rollback", "--help"], ["help", "audit", "tail"], ["--version"], ["audit"]])
  func `0 for help, which is data`(arguments: [String]) async {
    let console = FakeConsole.person()
    #expect(await Program.run(arguments, on: console) { _, _ in .unexpected } == .done)
    #expect(!console.written.isEmpty && console.told == "")
    for line in console.written.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func `1 when standard output cannot be written`() async {
    let console = FakeConsole.person()
    console.failWriting(CommandFailure(.internal, "Standard output cannot be written: No space left on device"))
    #expect(await run("list", "hello", on: console, daemon: FakeDaemon(deploys: Sample.history)) == .unexpected)
    #expect(console.told == "error (internal): Standard output cannot be written: No space left on device\n")
  }
}
