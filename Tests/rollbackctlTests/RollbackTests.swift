import RollbackClient
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("rollback")
struct RollbackTests {
  let daemon = FakeDaemon(
    deploys: Sample.history, apps: [Sample.app], migrations: Sample.migrations,
    frames: Sample.begun + [Sample.succeeded])

  @Test func `reads as the design has it where lines may be long`() async {
    let console = FakeConsole.person(width: 120, answers: ["", "y"])
    #expect(
      await run("rollback", "hello", "--reason", "500s since v3", on: console, daemon: daemon) == .done)
    let transcript = console.screen.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(6)
    #expect(
      transcript.joined(separator: "\n") == """
        Roll back hello in namespace octave
          from  9f31c2a0  hello:v3  live for 6m10s (ci)
          to    0bd91e44  hello:v2  sha256:1c9e…  was live 3d4h (ops)   image: present
          Not restored: environment variables, secrets, database schema, volumes.
          WARNING schema_mismatch  Migrations have been applied since this deploy. Schema mismatch possible.
                  0042_orders_add_note (02:31), 0043_users_idx (02:31)
        Proceed? [y/N] y
        02:47:10  accepted  deploy c4410d7e, audit #88213
        02:47:10  waiting   for the spec update to be observed
        02:47:11  rolling   0/2 updated, 2 old, 2 available
        02:47:19  pod       hello-6c9d-x2x ready after 9s
        02:47:31  rolling   2/2 updated, 0 old, 2 available; image verified on 2 of 2 pods
        OK  hello runs hello:v2 (c4410d7e) after 26s (target 30s: met)
            undo: rollbackctl rollback hello 9f31c2a0

        """)
  }

  @Test func `offers the list to choose from, the last known good one first`() async {
    let console = FakeConsole.person(width: 100, answers: ["", "n"])
    #expect(await run("rollback", "hello", on: console, daemon: daemon) == .unexpected)
    #expect(
      console.screen.hasPrefix(
        """
           #  DEPLOY    IMAGE      DIGEST        STATUS      BY   AGE  MIGR  ROLLBACK
        *  1  9f31c2a0  hello:v3   sha256:77ab…  live        ci   6m   0     current
        >  2  0bd91e44  hello:v2   sha256:1c9e…  superseded  ops  3d   2     ok, about 24s
           3  77aa01bc  hello:v1   sha256:90f2…  superseded  ci   15d  5     ok, kept until 2027-02-06
           4  33e7a810  :building  -             failed      ci   41d  -     no: never produced an image
        Roll back to which? Number or id, q to quit [0bd91e44]:\u{20}
        Roll back hello in namespace octave

        """))
    #expect(console.told.hasSuffix("Proceed? [y/N] n\nNothing was done.\n"))
    #expect(daemon.calls.rollouts.isEmpty)
  }

  @Test(arguments: [
    (["3", "yes"], Sample.v1.id), (["77aa", "y"], Sample.v1.id), (["-2", "y"], Sample.v1.id),
    (["4", "1", "zz", "", "y"], Sample.v2.id),
  ])
  func `what was chosen and confirmed is asked for by its id`(answers: [String], id: String) async {
    var daemon = daemon
    daemon.calls = FakeDaemon.Calls()
    let console = FakeConsole.person(answers: answers)
    #expect(await run("rollback", "hello", on: console, daemon: daemon) == .done)
    #expect(daemon.calls.rollback?.target == id)
  }

  @Test(arguments: [["q"], [], ["", ""], ["", "no"]])
  func `anything but yes does nothing`(answers: [String]) async {
    var daemon = daemon
    daemon.calls = FakeDaemon.Calls()
    #expect(await run("rollback", "hello", on: .person(answers: answers), daemon: daemon) == .unexpected)
    #expect(daemon.calls.rollouts.isEmpty)
  }

  @Test func `shows the daemon's plan, in 80 columns`() async {
    var daemon = daemon
    daemon.plan = .success(
      PlanRollbackResponse(
        from: Sample.v3, target: Sample.v2, allowed: true, warnings: [Sample.schemaMismatch], estimate: .seconds(24),
        namespace: "octave", estimateRollouts: 3, estimateSameImage: true, imageCheck: "not_configured"))
    let console = FakeConsole.person(width: 80, answers: ["y"])
    #expect(await run("rollback", "hello", "previous", on: console, daemon: daemon) == .done)
    #expect(
      console.screen.hasPrefix(
        """
        Roll back hello in namespace octave
          from  9f31c2a0  hello:v3  live for 6m10s (ci)
          to    0bd91e44  hello:v2  sha256:1c9e…  deployed 3d4h ago (ops)   image: not
                checked
          Ready in about 24s, the median of the last 3 rollouts of this image.
          Not restored: environment variables, secrets, database schema, volumes.
          WARNING schema_mismatch  Migrations have been applied since this deploy.
                  Schema mismatch possible.
                  0042_orders_add_note (02:31), 0043_users_idx (02:31)
        Proceed? [y/N] y

        """))
    #expect(daemon.calls.rollback?.target == Sample.v2.id)
  }

  @Test func `a plan that would be refused ends before the question`() async {
    var daemon = daemon
    daemon.plan = .success(
      PlanRollbackResponse(refusalReason: "image_gone", refusalMessage: "the registry no longer has image hello:v1"))
    let console = FakeConsole.person(answers: ["y"])
    #expect(await run("rollback", "hello", "77aa", on: console, daemon: daemon) == .refused)
    #expect(
      console.screen == """
        error (image_gone): the registry no longer has image hello:v1
          see: rollbackctl list hello --eligible

        """)
    #expect(daemon.calls.rollouts.isEmpty)
  }

  // MARK: A deploy in the way

  private var busy: FakeDaemon {
    var daemon = daemon
    daemon.calls = FakeDaemon.Calls()
    daemon.plan = .success(
      PlanRollbackResponse(
        from: Sample.v3, target: Sample.v2, refusalReason: "conflict",
        refusalMessage:
          "deploy c4410d7e (harbor/octave/hello:v4) of app hello is in progress: begun by ci 12s ago on a",
        namespace: "octave",
        inFlight: Sample.with(Sample.rollback) {
          $0.imageRef = "harbor/octave/hello:v4"
          $0.actorID = "ci"
          $0.createdAt = Sample.ago(.seconds(12))
        }, inFlightHost: "a"))
    return daemon
  }

  @Test func `a deploy in progress ends before the question, with both ways out`() async {
    let console = FakeConsole.person(answers: ["y"])
    #expect(await run("rollback", "hello", on: console, daemon: busy) == .conflict)
    #expect(
      console.screen == """
        error (conflict): deploy c4410d7e (harbor/octave/hello:v4) of app hello is in
          progress: begun by ci 12s ago on a
          watch: rollbackctl watch c4410d7e
          take its place: rollbackctl rollback hello --cancel-running
          wait for it: rollbackctl rollback hello --wait-for-lock 60s
          end it: rollbackctl cancel c4410d7e

        """)
  }

  private static let conflict = RollbackError(
    .conflict, "deploy c4410d7e of app hello is in progress",
    details: ["deploy_id": Sample.rollback.id, "age": "7s", "age_seconds": "7.250"])

  /// As they were typed, for a shell.
  @Test(arguments: [
    (
      ["rollback", "hello", "-2", "--yes", "--reason", "it's \"bad\""],
      [
        #"take its place: rollbackctl rollback hello -2 --yes --reason 'it'\''s "bad"' --cancel-running"#,
        #"wait for it: rollbackctl rollback hello -2 --yes --reason 'it'\''s "bad"' --wait-for-lock 60s"#,
      ]
    ),
    (
      ["deploy", "hello", "h/hello:v4", "-y", "--wait-for-lock", "5s"],
      ["take its place: rollbackctl deploy hello h/hello:v4 -y --cancel-running"]
    ),
    (
      ["deploy", "hello", "-y", "--cancel-running", "--", "h/hello:v4"],
      ["wait for it: rollbackctl deploy hello -y --wait-for-lock 60s -- h/hello:v4"]
    ),
  ])
  func `a conflict offers the command again, changed to get through`(arguments: [String], offers: [String]) async {
    let console = FakeConsole.person()
    let daemon = FakeDaemon(framesError: Self.conflict)
    let status = await Program.run(ArgumentRewriting.rewritten(arguments), on: console) { _, body in
      try await body(daemon)
    }
    #expect(status == .conflict)
    let lines = console.told.split(separator: "\n").dropFirst().map(String.init)
    #expect(
      lines == ["  watch: rollbackctl watch c4410d7e"] + offers.map { "  " + $0 } + [
        "  end it: rollbackctl cancel c4410d7e"
      ])
  }

  @Test func `programs find the commands and numbers of a conflict in its details`() async {
    let console = FakeConsole.program()
    let daemon = FakeDaemon(framesError: Self.conflict)
    _ = await run("rollback", "hello", "--yes", on: console, daemon: daemon)
    #expect(
      JSONValue(parsing: console.written)?["error"]?["details"]?.line == """
        {"age":"7s","age_seconds":7.250,"deploy_id":"\(Sample.rollback.id)",\
        "end_it_command":"rollbackctl cancel c4410d7e",\
        "take_its_place_command":"rollbackctl rollback hello --yes --cancel-running",\
        "wait_for_it_command":"rollbackctl rollback hello --yes --wait-for-lock 60s",\
        "watch_command":"rollbackctl watch c4410d7e"}
        """)
  }

  @Test(arguments: [
    (["--cancel-running"], "  cancels c4410d7e  hello:v4  in progress for 12s (ci)\n"),
    (["--wait-for-lock", "1m"], "  waits up to 1m for c4410d7e  hello:v4  in progress for 12s (ci)\n"),
  ])
  func `the preview says what becomes of it`(flags: [String], line: String) async {
    let console = FakeConsole.person(answers: ["y"])
    let daemon = busy
    let status = await Program.run(["rollback", "hello", "0bd9"] + flags, on: console) { _, body in
      try await body(daemon)
    }
    #expect(status == .done)
    #expect(console.told.contains(line))
    #expect(daemon.calls.rollback?.target == Sample.v2.id)
  }

  @Test func `a plan sees what the rollback will insist on`() async {
    _ = await run(
      "rollback", "hello", "0bd9", "--expect-current", "9f31", "--require-image-check", on: .person(answers: ["n"]),
      daemon: daemon)
    #expect(
      daemon.calls.all.first
        == .plan(
          PlanRollbackRequest(app: "hello", target: "0bd9", expectCurrent: "9f31", requireImageCheck: true)))
  }

  @Test func `what runs already is said without a question, on terminals and in JSON`() async {
    let console = FakeConsole.person(answers: ["y"])
    #expect(await run("rollback", "hello", "current", on: console, daemon: daemon) == .done)
    #expect(console.screen == "OK  nothing to do: hello runs hello:v3 already (9f31c2a0)\n")
    let json = FakeConsole.person(answers: ["y"])
    #expect(await run("rollback", "hello", "9f31", "--output", "ndjson", on: json, daemon: daemon) == .done)
    #expect(JSONValue(parsing: json.written)?["outcome"] == .string("already_current"))
    #expect(daemon.calls.rollouts.isEmpty)
  }

  @Test func `with --yes asks nothing beforehand, and shows what the daemon accepted`() async {
    let console = FakeConsole.person(width: 100)
    #expect(await run("rollback", "hello", "--yes", on: console, daemon: daemon) == .done)
    #expect(daemon.calls.all.count == 1)
    #expect(daemon.calls.rollback?.target == "")
    #expect(
      console.screen.hasPrefix(
        """
        Roll back hello in namespace octave
          from  9f31c2a0  hello:v3  live for 6m10s (ci)
          to    0bd91e44  hello:v2  sha256:1c9e…  was live 3d4h (ops)   image: present
          Not restored: environment variables, secrets, database schema, volumes.
        """))
    #expect(console.written.hasPrefix("OK  hello runs hello:v2"))
  }

  @Test func `without a terminal and --yes it says to pass it`() async {
    let console = FakeConsole(output: StreamTraits(isTerminal: true, width: 80), progress: .init(), canAsk: false)
    #expect(await run("rollback", "hello", on: console, daemon: daemon) == .usage)
    #expect(
      console.screen
        == "error (invalid_argument): A rollback asks before it begins, and nobody can answer here: "
        + "pass --yes to go ahead without.\n")
    #expect(daemon.calls.all.isEmpty)
  }

  @Test func `passes its flags on`() async throws {
    let id = Sample.id("12345678")
    let console = FakeConsole.program()
    _ = await run(
      "rollback", "hello", "-2", "--yes", "--reason", "why", "--timeout", "5m", "--soak", "0", "--no-fail-fast",
      "--require-image-check", "--request-id", id.uppercased(), "--expect-current", "9f31", "--on-failure", "revert",
      "--cancel-running", on: console, daemon: daemon)
    let request = try #require(daemon.calls.rollback)
    #expect(request.target == "-2")
    let options = RolloutOptions(
      requestID: id, reason: "why", timeout: .seconds(300), soak: .zero, noFailFast: true, onFailure: .revert,
      requireImageCheck: true, expectCurrent: "9f31", cancelRunning: true)
    #expect(request.options == options)
  }

  @Test func `--detach returns with the accepted frame`() async {
    let console = FakeConsole.person()
    #expect(await run("rollback", "hello", "--yes", "--detach", on: console, daemon: daemon) == .done)
    #expect(
      console.written == """
        ACCEPTED  deploy c4410d7e; it goes on by itself
            watch: rollbackctl watch c4410d7e

        """)
    #expect(!console.told.contains("rolling"))
  }

  @Test func `a target that runs already is no failure`() async {
    var daemon = daemon
    daemon.frames = [
      Sample.frame(
        1, "02:47:10",
        .finished(
          RolloutFinished(deploy: Sample.v3, outcome: .alreadyCurrent, message: "nothing to do", elapsed: .zero)))
    ]
    let console = FakeConsole.person()
    #expect(await run("rollback", "hello", "current", "--yes", on: console, daemon: daemon) == .done)
    #expect(console.screen == "OK  nothing to do: hello runs hello:v3 already (9f31c2a0)\n")
  }

  @Test func `frames are lines of JSON for programs, and say nothing else`() async {
    let console = FakeConsole.program()
    #expect(await run("rollback", "hello", "--yes", on: console, daemon: daemon) == .done)
    let types = console.written.split(separator: "\n").map { JSONValue(parsing: String($0))?["type"]?.text }
    #expect(types == ["accepted", "progress", "progress", "progress", "finished"])
    #expect(console.told == "")
  }

  @Test func `--output json gives the last frame alone, and plain progress beside it`() async {
    let console = FakeConsole.program()
    #expect(await run("rollback", "hello", "--yes", "--output", "json", on: console, daemon: daemon) == .done)
    #expect(JSONValue(parsing: console.written)?["outcome"] == .string("succeeded"))
    #expect(console.told.contains("02:47:11  rolling   0/2 updated, 2 old, 2 available\n"))
  }
}
