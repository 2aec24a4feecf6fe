import RollbackClient
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("list")
struct ListTests {
  let daemon = FakeDaemon(deploys: Sample.history)

  @Test func `reads as the design has it where there is room`() async {
    let console = FakeConsole.person(width: 100)
    #expect(await run("list", "hello", on: console, daemon: daemon) == .done)
    #expect(
      console.written == """
           DEPLOY    IMAGE      DIGEST        STATUS      BY   AGE  MIGR  ROLLBACK
        *  9f31c2a0  hello:v3   sha256:77ab…  live        ci   6m   0     current
        >  0bd91e44  hello:v2   sha256:1c9e…  superseded  ops  3d   2     ok, about 24s
           77aa01bc  hello:v1   sha256:90f2…  superseded  ci   15d  5     ok, kept until 2027-02-06
           33e7a810  :building  -             failed      ci   41d  -     no: never produced an image

        """)
    #expect(console.told == "")
  }

  @Test func `says it in fewer words at 80 columns`() async {
    let console = FakeConsole.person(width: 80)
    #expect(await run("list", "hello", on: console, daemon: daemon) == .done)
    #expect(
      console.written == """
           DEPLOY    IMAGE      DIGEST  STATUS      BY   AGE  MIGR  ROLLBACK
        *  9f31c2a0  hello:v3   77ab…   live        ci   6m   0     current
        >  0bd91e44  hello:v2   1c9e…   superseded  ops  3d   2     ok, about 24s
           77aa01bc  hello:v1   90f2…   superseded  ci   15d  5     ok, to 2027-02-06
           33e7a810  :building  -       failed      ci   41d  -     no: never built

        """)
  }

  @Test func `keeps a short digest where it fits`() async {
    let console = FakeConsole.person(width: 80)
    _ = await run("list", "hello", on: console, daemon: FakeDaemon(deploys: [Sample.v3, Sample.v2, Sample.v1]))
    #expect(console.written.contains("DIGEST"))
    #expect(console.written.contains("90f2…   superseded"))
  }

  @Test(arguments: [40, 60, 72, 80, 120])
  func `never exceeds the width by what can be cut`(width: Int) async {
    let long = Sample.with(Sample.v2) {
      $0.imageRef = "harbor/octave/a-very-long-name-of-a-service-indeed:v2026.11.24-rc1"
      $0.actorID = "somebody-with-a-long-name@example.org"
    }
    let console = FakeConsole.person(width: width)
    _ = await run("list", "hello", on: console, daemon: FakeDaemon(deploys: [Sample.v3, long]))
    // Ids, states, ages and counts are never cut: with the least of the others they take 73 columns.
    for line in console.written.split(separator: "\n") { #expect(String(line).displayWidth <= max(width, 73)) }
  }

  @Test func `a deploy that failed after the current one makes that the default target`() async {
    let broken = Sample.with(Sample.v3) {
      $0.status = .failed
      $0.current = false
    }
    let good = Sample.with(Sample.v2) {
      $0.status = .live
      $0.current = true
      $0.rollbackable = false
      $0.notRollbackableReason = "it is what runs now"
    }
    let console = FakeConsole.person(width: 100)
    _ = await run("list", "hello", on: console, daemon: FakeDaemon(deploys: [broken, good, Sample.v1]))
    #expect(console.written.contains("*>  0bd91e44  hello:v2"))
    #expect(console.written.contains("ok, undoes 9f31c2a0"))
  }

  /// What the page shows cannot tell where a rollback goes: the daemon says it.
  @Test(arguments: [
    (["--limit", "1"], Sample.v2.id, ["* "]), (["--eligible"], Sample.v1.id, ["  ", "> "]),
    (["--page-token", "1"], Sample.v1.id, ["  ", "> ", "  "]), ([], Sample.v3.id, ["*>", "  ", "  ", "  "]),
    ([], "", ["* ", "  ", "  ", "  "]),
  ])
  func `the default target is the daemon's, whatever is shown`(
    flags: [String], target: String, marks: [String]
  ) async {
    var daemon = daemon
    daemon.choice = (target, "")
    let console = FakeConsole.person(width: 100)
    let status = await Program.run(["list", "hello"] + flags, on: console) { [daemon] _, body in
      try await body(daemon)
    }
    #expect(status == .done)
    #expect(console.written.split(separator: "\n").dropFirst().map { String($0.prefix(2)) } == marks)
    // Set by hand: our records' current deploy is not what runs, and can be put back.
    #expect(console.written.contains("ok, puts it back") == (target == Sample.v3.id))
  }

  @Test func `only the first request of a list asks for the default target, and lines of JSON have no place for it`()
    async
  {
    var daemon = daemon
    daemon.pageSize = 2
    _ = await run("list", "hello", "--all", on: .person(), daemon: daemon)
    _ = await run("list", "hello", "--output", "ndjson", on: .person(), daemon: daemon)
    let wishes = daemon.calls.all.map { call in
      if case .listDeploys(let request) = call { request.withDefaultTarget } else { false }
    }
    #expect(wishes == [true, false, false])
    let console = FakeConsole.program()
    _ = await run("list", "hello", on: console, daemon: daemon)
    #expect(JSONValue(parsing: console.written)?["default_target"] == .string(Sample.v2.id))
  }

  @Test(arguments: [
    (DeployStatus.failed, "", "ok, but it failed"), (.cancelled, "", "ok, but cancelled"),
    (.superseded, Sample.id("12345678"), "ok, but never live"), (.superseded, "", "ok"),
  ])
  func `what did not go well says so where it may be gone back to`(
    status: DeployStatus, requestID: String, text: String
  ) async {
    let deploy = Sample.with(Sample.v1) {
      $0.status = status
      $0.timeToReady = nil
      $0.imageRetainedUntil = nil
      $0.requestID = requestID
    }
    let console = FakeConsole.person(width: 80)
    _ = await run("list", "hello", on: console, daemon: FakeDaemon(deploys: [Sample.v3, deploy]))
    let row = console.written.split(separator: "\n").last ?? ""
    #expect(row.hasSuffix("  \(text)"), "\(row)")
    #expect(row.count <= 80)
  }

  @Test func `a page goes on where another ended`() async {
    let console = FakeConsole.program()
    _ = await run("list", "hello", "--page-token", "2", "--limit", "1", on: console, daemon: daemon)
    #expect(
      daemon.calls.all == [
        .listDeploys(ListDeploysRequest(app: "hello", pageSize: 1, pageToken: "2", withDefaultTarget: true))
      ])
    #expect(JSONValue(parsing: console.written)?["next_page_token"] == .string("3"))
    let person = FakeConsole.person()
    _ = await run("list", "hello", "--page-token", "4", on: person, daemon: daemon)
    #expect(person.screen == "App hello has no older deploys.\n")
  }

  @Test func `control characters of others are spelled out`() async {
    let evil = Sample.with(Sample.v3) { $0.actorID = "\u{1B}[2Jci\n\u{202E}x" }
    let console = FakeConsole.person(width: 200)
    _ = await run("list", "hello", on: console, daemon: FakeDaemon(deploys: [evil]))
    #expect(console.written.contains(#"\u{1B}[2Jci\n\u{202E}x"#))
  }

  @Test func `goes through all pages with --all, and says that there are more without`() async {
    var daemon = daemon
    daemon.pageSize = 3
    let some = FakeConsole.person()
    _ = await run("list", "hello", on: some, daemon: daemon)
    #expect(some.told == "There are more: --all for all, --page-token 3 to go on.\n")
    let all = FakeConsole.program()
    _ = await run("list", "hello", "--all", "--output", "ndjson", on: all, daemon: daemon)
    #expect(all.written.split(separator: "\n").count == 4)
  }

  @Test func `is JSON where nobody reads it`() async {
    let console = FakeConsole.program()
    #expect(await run("list", "hello", on: console, daemon: daemon) == .done)
    let document = JSONValue(parsing: console.written)
    #expect(document?["next_page_token"] == .null)
    #expect(console.told == "")
  }

  @Test func `an app without deploys says so`() async {
    let console = FakeConsole.person()
    #expect(await run("list", "hello", on: console) == .done)
    #expect(console.screen == "App hello has no deploys yet.\n")
  }
}
