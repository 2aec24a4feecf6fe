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
    #expect(some.told == "There are more: pass --limit or --all.\n")
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
