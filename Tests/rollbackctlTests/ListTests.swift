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

  @Test func `fits 80 columns by shorter wordings and without digests`() async {
    let console = FakeConsole.person(width: 80)
    #expect(await run("list", "hello", on: console, daemon: daemon) == .done)
    #expect(
      console.written == """
           DEPLOY    IMAGE      STATUS      BY   AGE  MIGR  ROLLBACK
        *  9f31c2a0  hello:v3   live        ci   6m   0     current
        >  0bd91e44  hello:v2   superseded  ops  3d   2     ok, about 24s
           77aa01bc  hello:v1   superseded  ci   15d  5     ok, to 2027-02-06
           33e7a810  :building  failed      ci   41d  -     no: never produced an image

        """)
    for line in console.written.split(separator: "\n") { #expect(String(line).displayWidth <= 80) }
  }
}
