import RollbackClient
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("The other verbs")
struct VerbTests {
  // MARK: What the daemon does not do yet

  @Test(arguments: [["cancel", Sample.v2.id]])
  func `1 and a clear word for what the daemon does not do yet`(arguments: [String]) async {
    let console = FakeConsole.person()
    let daemon = FakeDaemon()
    let status = await Program.run(arguments, on: console) { _, body in try await body(daemon) }
    #expect(status == .unexpected)
    #expect(console.screen == "error (unimplemented): CancelDeploy is not in this version of rollbackd yet\n")
  }

  @Test func `cancel says what the cluster was left on`() async {
    var daemon = FakeDaemon(apps: [Sample.app])
    daemon.deploys = [Sample.rollback]
    daemon.cancel = .success(
      CancelDeployResponse(
        deploy: Sample.with(Sample.rollback) { $0.status = .cancelled }, leftOn: "hello:v3, 2 of 2 available"))
    let console = FakeConsole.person()
    #expect(await run("cancel", "c441", "--reason", "no", on: console, daemon: daemon) == .done)
    #expect(
      console.written
        == "Deploy c4410d7e of hello is cancelled.\n  The cluster was left on: hello:v3, 2 of 2 available\n")
    #expect(daemon.calls.all.contains(.cancel(CancelDeployRequest(deploy: Sample.rollback.id, reason: "no"))))
  }

  // MARK: watch

  @Test(arguments: [
    (["watch", "hello"], Sample.v3.id), (["watch", Sample.v2.id.uppercased()], Sample.v2.id),
    (["watch", "0bd9"], Sample.v2.id), (["watch", "hello", "previous"], Sample.v2.id),
    (["watch", "hello", "-2"], Sample.v1.id), (["watch", "hello", "9f"], Sample.v3.id),
  ])
  func `watch finds what is meant`(arguments: [String], id: String) async {
    let daemon = FakeDaemon(deploys: Sample.history, apps: [Sample.app], frames: [Sample.succeeded])
    let console = FakeConsole.person()
    let status = await Program.run(ArgumentRewriting.rewritten(arguments + ["--from", "3"]), on: console) { _, body in
      try await body(daemon)
    }
    #expect(status == .done)
    #expect(daemon.calls.rollouts == [.watch(WatchDeployRequest(deploy: id, fromSeq: 3))])
    #expect(console.written.hasPrefix("OK  hello runs hello:v2 (c4410d7e) after 26s"))
  }

  @Test func `watch tries running operations before all apps`() async {
    var daemon = FakeDaemon(deploys: Sample.history, frames: [Sample.succeeded])
    daemon.healthReport.running = [RunningOperation(deployID: Sample.rollback.id, app: "hello")]
    #expect(await run("watch", "c441", on: FakeConsole.person(), daemon: daemon) == .done)
    #expect(!daemon.calls.all.contains(.listApps))
  }

  @Test(arguments: ["nonsense", "abc", "ffff0000"])
  func `watch says when nothing is meant`(word: String) async {
    let daemon = FakeDaemon(deploys: Sample.history, apps: [Sample.app])
    let console = FakeConsole.person()
    #expect(await run("watch", word, on: console, daemon: daemon) == .notFound)
    #expect(console.told.hasPrefix("error (not_found): There is no app \(word), and"))
  }

  @Test func `8 when the patience of watch is over`() async {
    let daemon = FakeDaemon(deploys: [Sample.rollback], hangs: true)
    let console = FakeConsole.person()
    let status = await Program.run(["watch", "hello", "--timeout", "5m"], on: console, clock: InstantClock()) {
      _, body in try await body(daemon)
    }
    #expect(status == .timedOut)
    #expect(
      console.told == """
        error (deadline_exceeded): Stopped watching after 5m; the rollback goes on.
          watch: rollbackctl watch c4410d7e

        """)
  }

  // MARK: audit

  private let events = [
    AuditEvent(
      id: 88214, createdAt: Sample.time("2026-11-24T02:47:36Z"), actorID: "ops", action: "deploy.rollback.succeeded",
      targetID: Sample.v2.id, detailsJSON: #"{"message":"hello runs hello:v2 after 26.0s"}"#),
    AuditEvent(
      id: 88213, createdAt: Sample.time("2026-11-24T02:47:10Z"), actorID: "", action: "deploy.rollback",
      targetID: Sample.v2.id,
      detailsJSON: """
        {"image_ref":"harbor/octave/hello:v2","to_deploy_id":"\(Sample.rollback.id)","reason":"500s since v3",
        "peer":{"user":"deploy-agent"}}
        """),
    AuditEvent(
      id: 88200, createdAt: Sample.time("2026-11-24T02:40:00Z"), actorID: "mallory", action: "deploy.rollback.refused",
      detailsJSON: #"{"reason":"not_permitted","message":"uid 1000 may not"}"#),
  ]

  @Test func `audit query reads as a trail`() async {
    let console = FakeConsole.person(width: 120)
    #expect(await run("audit", "query", "--app", "hello", on: console, daemon: FakeDaemon(events: events)) == .done)
    #expect(
      console.written == """
        #        TIME                 ACTOR                 ACTION                      DETAILS
        88214    2026-11-24 02:47:36  ops                   deploy.rollback.succeeded   hello runs hello:v2 after 26.0s
        88213    2026-11-24 02:47:10  deploy-agent          deploy.rollback             hello:v2, deploy c4410d7e, "500s since
                                                                                        v3"
        88200    2026-11-24 02:40:00  mallory               deploy.rollback.refused     not_permitted: uid 1000 may not

        """)
  }

  @Test func `at 80 columns the details have lines of their own`() async {
    let long = Sample.with(events[2]) {
      $0.actorID = "somebody-with-a-long-name@example.org"
      $0.action = "deploy.rollback.superseded"
      $0.detailsJSON = #"{"message":"\#(Array(repeating: "many words", count: 12).joined(separator: " "))"}"#
    }
    let console = FakeConsole.person(width: 80)
    _ = await run("audit", "query", on: console, daemon: FakeDaemon(events: [events[0], long]))
    #expect(
      console.written == """
        #        TIME                 ACTOR                 ACTION
        88214    2026-11-24 02:47:36  ops                   deploy.rollback.succeeded
                 hello runs hello:v2 after 26.0s
        88200    2026-11-24 02:40:00  somebody-with-a-lon…  deploy.rollback.superseded
                 many words many words many words many words many words many words many
                 words many words many words many words many words many words

        """)
    let json = FakeConsole.program()
    _ = await run("audit", "query", "--output", "ndjson", on: json, daemon: FakeDaemon(events: [long]))
    #expect(JSONValue(parsing: json.written)?["actor_id"] == .string(long.actorID))
  }

  @Test func `a table into a pipe has a line for each event`() async {
    let console = FakeConsole.program()
    _ = await run("audit", "query", "--output", "table", on: console, daemon: FakeDaemon(events: events))
    #expect(console.written.split(separator: "\n").count == events.count + 1)
  }

  @Test func `audit query passes its filters on, and tells that there are more`() async {
    let daemon = FakeDaemon(events: events)
    let console = FakeConsole.person()
    _ = await run(
      "audit", "query", "--action", "deploy.*", "--actor", "ops", "--target", "t", "--since", "24h", "--until",
      "2026-11-24", "--limit", "2", "--cursor", "9", on: console, daemon: daemon)
    let request = AuditQueryRequest(
      action: "deploy.*", actor: "ops", target: "t", since: Sample.ago(.seconds(86_400)),
      until: Sample.time("2026-11-24T00:00:00Z"), limit: 3, cursor: "9")
    #expect(daemon.calls.all == [.audit(request)])
    #expect(console.told == "There are more: --limit 0 for all, --cursor 88213 to go on.\n")
  }

  @Test func `audit query as JSON`() async {
    let daemon = FakeDaemon(events: events)
    let lines = FakeConsole.program()
    _ = await run("audit", "query", "--output", "ndjson", on: lines, daemon: daemon)
    #expect(
      lines.written.split(separator: "\n").map { JSONValue(parsing: String($0))?["id"] } == [
        .number(88214), .number(88213), .number(88200),
      ])
    let document = FakeConsole.program()
    _ = await run("audit", "query", "--limit", "2", on: document, daemon: daemon)
    let value = JSONValue(parsing: document.written)
    #expect(value?["next_cursor"] == .string("88213"))
    if case .array(let elements)? = value?["events"] { #expect(elements.count == 2) } else { Issue.record("no events") }
    let empty = FakeConsole.program()
    _ = await run("audit", "query", on: empty)
    #expect(JSONValue(parsing: empty.written)?.line == #"{"events":[],"next_cursor":null}"#)
  }

  @Test func `audit tail shows the newest oldest first, then what comes, each once`() async {
    let later = Sample.with(events[0]) { $0.id = 88215 }
    var daemon = FakeDaemon(events: events)
    daemon.laterEvents = [later]
    let console = FakeConsole.program()
    let task = Task { [daemon] in
      await run("audit", "tail", "--limit", "2", on: console, daemon: daemon)
    }
    task.cancel()
    #expect(await task.value == .interrupted)
    let ids = console.written.split(separator: "\n").map { JSONValue(parsing: String($0))?["id"] }
    #expect(ids.prefix(3) == [.number(88213), .number(88214), .number(88215)])
  }

  @Test func `audit export is lines of JSON on a terminal too`() async {
    let console = FakeConsole.person()
    #expect(await run("audit", "export", on: console, daemon: FakeDaemon(events: events)) == .done)
    #expect(console.written.split(separator: "\n").count == 3)
    #expect(console.written.hasPrefix(#"{"id":88214,"#))
  }

  @Test func `audit verify: 0 when intact, 11 when broken`() async {
    var daemon = FakeDaemon()
    daemon.verification = VerifyAuditResponse(intact: true, rows: 1, headID: 9, headHash: [0xAB, 0xCD])
    let good = FakeConsole.person()
    #expect(await run("audit", "verify", on: good, daemon: daemon) == .done)
    #expect(good.written == "OK  the audit chain is intact: 1 row\n    head: #9  abcd\n")
    daemon.verification = VerifyAuditResponse(
      intact: false, rows: 7, unchainedRows: 2, headID: 9, headHash: [1], firstBadID: 4,
      problem: "its hash is not that of its content")
    let bad = FakeConsole.person()
    #expect(await run("audit", "verify", on: bad, daemon: daemon) == .auditBroken)
    #expect(
      bad.written == """
        BROKEN at row #4: its hash is not that of its content
            checked: 7 rows, 2 older than the chain
            head: #9  01

        """)
  }

  // MARK: apps, migrations, health

  @Test func `app register and list`() async {
    let daemon = FakeDaemon(apps: [Sample.app])
    let console = FakeConsole.person()
    let place = ["--namespace", "octave", "--deployment", "hello", "--container", "web"]
    for name in ["new", "hello"] {
      let status = await Program.run(["app", "register", name] + place, on: console) { _, body in
        try await body(daemon)
      }
      #expect(status == .done)
    }
    _ = await run("app", "list", on: console, daemon: daemon)
    #expect(
      console.written == """
        App new is registered: container web of deployment octave/hello.
        App hello was registered already: container web of deployment octave/hello.
        APP    NAMESPACE  DEPLOYMENT  CONTAINER  AGE
        hello  octave     hello       web        50d

        """)
  }

  @Test func `migrations record and list`() async {
    let daemon = FakeDaemon(migrations: Sample.migrations)
    let console = FakeConsole.person()
    _ = await run("migrations", "record", "hello", "0044", "--name", "x", on: console, daemon: daemon)
    _ = await run("migrations", "record", "hello", "0042", on: console, daemon: daemon)
    _ = await run("migrations", "list", "hello", on: console, daemon: daemon)
    #expect(
      console.written == """
        Migration 0044 of hello is recorded.
        Migration 0042 of hello was already recorded.
        VERSION  NAME             APPLIED              AGE
        0043     users_idx        2026-11-24 02:31:40  15m
        0042     orders_add_note  2026-11-24 02:31:00  16m
        0041     orders           2026-11-15 02:47:00  9d

        """)
  }

  @Test func `health is a line for each part, and 75 when it is down`() async {
    var daemon = FakeDaemon()
    daemon.healthReport = GetHealthResponse(
      state: .degraded, version: "0.1.0", host: "cp-1", uptime: .seconds(90_000),
      database: DatabaseHealth(state: .ok, schemaVersion: 3, inUse: 1, idle: 2, maximum: 8),
      cluster: ClusterHealth(
        state: .degraded, message: "no answer for 12s", server: "https://10.0.0.1", version: "1.36"),
      registry: RegistryHealth(state: .notConfigured),
      running: [
        RunningOperation(
          deployID: Sample.rollback.id, app: "hello", since: Sample.ago(.seconds(12)), host: "cp-1",
          progress: "1 of 2 replicas are updated")
      ], timeToReady: TimeToReady(count: 3, metTarget: 2, median: .seconds(20), maximum: .seconds(41)), connections: 1)
    let console = FakeConsole.person()
    #expect(await run("health", on: console, daemon: daemon) == .done)
    #expect(
      console.written == """
        rollbackd   degraded        version 0.1.0, on cp-1, up 1d1h, 1 connection
        database    ok              schema 3; pool 1 in use, 2 idle of 8
        API server  degraded        https://10.0.0.1, 1.36; no answer for 12s
        registry    not configured
        rollbacks   3 since it started, 2 within 30s, median 20s, longest 41s

        RUNNING   APP    SINCE  HOST  PROGRESS
        c4410d7e  hello  12s    cp-1  1 of 2 replicas are updated

        """)
    daemon.healthReport.state = .down
    daemon.healthReport.database = DatabaseHealth(state: .down, message: "nobody answers")
    let down = FakeConsole.person()
    #expect(await run("health", on: down, daemon: daemon) == .temporary)
    #expect(down.written.contains("database    down            schema unknown; pool 0 in use"))
  }

  @Test func `deploy asks as rollback does`() async {
    let daemon = FakeDaemon(deploys: Sample.history, apps: [Sample.app], frames: [Sample.accepted, Sample.succeeded])
    let console = FakeConsole.person(answers: ["y"])
    #expect(await run("deploy", "hello", "harbor/octave/hello:v4", on: console, daemon: daemon) == .done)
    #expect(
      console.screen.hasPrefix(
        """
        Deploy to hello in namespace octave
          from  9f31c2a0  hello:v3  live for 6m10s (ci)
          to    harbor/octave/hello:v4
        Proceed? [y/N] y
        02:47:10  accepted  deploy c4410d7e, audit #88213

        """))
  }
}
