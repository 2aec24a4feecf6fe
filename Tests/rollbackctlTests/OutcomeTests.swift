import RollbackClient
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("How a rollout ends")
struct OutcomeTests {
  private func end(_ frame: RolloutFrame, deploys: [DeployRecord] = Sample.history, width: Int = 80) async -> (
    ProgramStatus, String
  ) {
    let console = FakeConsole.person(width: width)
    let daemon = FakeDaemon(deploys: deploys, frames: Sample.begun + [frame])
    let status = await run("rollback", "hello", "--yes", on: console, daemon: daemon)
    return (status, console.written)
  }

  @Test func `a failure names its cause, what still serves, and where to go`() async {
    let failed = Sample.finished(.failed) {
      $0.diagnosis = Sample.diagnosis
      $0.message = Sample.diagnosis.summary
    }
    let (status, text) = await end(failed, width: 120)
    #expect(status == .rolloutFailed)
    #expect(
      text == """
        FAILED after 14s: container web in pod hello-6c9d-x2x exits 1 at start (CrashLoopBackOff, 2 restarts)
          last lines of its previous run:  KeyError: 'DB_POOL'
          The 2 pods that still serve run hello:v3 on nodes a, b; the failing one has hello:v2 on node a, where one of them is
            too.
          Old pods still serve: 2 of 2 available.   next: rollbackctl rollback hello 77aa01bc

        """)
  }

  @Test func `fits 80 columns`() async {
    let failed = Sample.finished(.failed) {
      $0.diagnosis = Sample.with(Sample.diagnosis) { $0.previousLogTail = "one\ntwo \u{1B}[31mred\n" }
      $0.message = Sample.diagnosis.summary
    }
    let (_, text) = await end(failed)
    #expect(
      text == #"""
        FAILED after 14s: container web in pod hello-6c9d-x2x exits 1 at start
            (CrashLoopBackOff, 2 restarts)
          last lines of its previous run:
              one
              two \u{1B}[31mred
          The 2 pods that still serve run hello:v3 on nodes a, b; the failing one has
            hello:v2 on node a, where one of them is too.
          Old pods still serve: 2 of 2 available.
          next: rollbackctl rollback hello 77aa01bc

        """#)
  }

  @Test func `a failed rollback's way out is neither its image again nor the one it was to replace`() async {
    let again = Sample.with(Sample.v2) {
      $0.id = Sample.id("aaaa0001")
      $0.imageRef = Sample.v3.imageRef
    }
    let (_, text) = await end(Sample.finished(.failed), deploys: [Sample.v3, again, Sample.v2, Sample.v1])
    #expect(text.contains("next: rollbackctl rollback hello 77aa01bc"))
  }

  @Test func `a failed deploy's way out is what ran before`() async {
    let deploy = Sample.with(Sample.rollback) {
      $0.rollbackOf = ""
      $0.status = .failed
      $0.imageRef = "harbor/octave/hello:v4"
    }
    let failed = Sample.finished(.failed) { $0.deploy = deploy }
    let console = FakeConsole.person()
    let daemon = FakeDaemon(deploys: [deploy] + Sample.history, frames: [failed])
    _ = await run("deploy", "hello", "harbor/octave/hello:v4", "--yes", on: console, daemon: daemon)
    #expect(console.written.contains("next: rollbackctl rollback hello 9f31c2a0"))
  }

  @Test(arguments: [
    (RolloutOutcome.failed, ProgramStatus.rolloutFailed, "FAILED after 14s: the sentence"),
    (.superseded, .overtaken, "SUPERSEDED after 14s: the sentence"),
    (.cancelled, .overtaken, "CANCELLED after 14s: the sentence"),
    (.timedOut, .timedOut, "TIMED OUT after 14s: the sentence"),
    (.reverted, .reverted, "FAILED AND REVERTED after 14s: the sentence\n  What ran before is back: hello:v3."),
    (RolloutOutcome(rawValue: 99), .unexpected, "ENDED after 14s: the sentence"),
  ])
  func `each outcome has its word and its status`(outcome: RolloutOutcome, status: ProgramStatus, text: String) async {
    let (actual, written) = await end(Sample.finished(outcome))
    #expect(actual == status)
    #expect(written.hasPrefix(text))
  }

  /// What became of a revert stands in the outcome's sentence alone.
  @Test(arguments: [
    (
      RolloutOutcome.failed, "; putting the image back that ran before failed too: not ready within 60 s",
      "FAILED after 14s: container web exits 1; putting the image back that ran before failed too: not ready within 60 s"
    ),
    (
      .failed, "; not reverted: what ran before is the same image",
      "FAILED after 14s: container web exits 1; not reverted: what ran before is the same image"
    ),
    (
      .timedOut, "; not reverted: no deploy that went live ran before",
      "TIMED OUT after 14s: container web exits 1; not reverted: no deploy that went live ran before"
    ),
    (.reverted, "; the image that ran before was put back", "FAILED AND REVERTED after 14s: container web exits 1"),
  ])
  func `what became of a revert is said, in text and in JSON`(
    outcome: RolloutOutcome, sentence: String, text: String
  ) async {
    let frame = Sample.finished(outcome) {
      $0.diagnosis = Diagnosis(summary: "container web exits 1")
      $0.message = "container web exits 1" + sentence
    }
    let (_, written) = await end(frame, width: 160)
    #expect(written.split(separator: "\n").first == Substring(text))
    #expect(frame.json(deployID: "")["message"] == .string("container web exits 1" + sentence))
  }

  @Test func `a missed target is told`() async {
    let slow = Sample.finished(.succeeded) { finished in
      finished.elapsed = .milliseconds(41_700)
      finished.deploy?.timeToReady = .milliseconds(41_700)
    }
    let (_, text) = await end(slow)
    #expect(text.hasPrefix("OK  hello runs hello:v2 (c4410d7e) after 42s (target 30s: missed by 12s)\n"))
  }

  @Test func `an app that is down is called so`() async {
    let (_, text) = await end(Sample.finished(.failed) { $0.replicas = Replicas(desired: 2, updated: 2) })
    #expect(text.contains("No pod is available: hello is down."))
  }

  // MARK: When the watching ends first

  @Test func `Ctrl-C says that the rollback goes on, and how to watch it`() async {
    let console = FakeConsole.person()
    let daemon = FakeDaemon(frames: Sample.begun, framesError: RollbackError(.cancelled, "the call was cancelled"))
    #expect(await run("rollback", "hello", "--yes", on: console, daemon: daemon) == .interrupted)
    #expect(
      console.told.hasSuffix(
        """
        Interrupted; the rollback of hello goes on.
          watch: rollbackctl watch c4410d7e

        """))
  }

  @Test func `Ctrl-C ends it also while the daemon is silent`() async {
    let console = FakeConsole.program()
    let daemon = FakeDaemon(frames: Sample.begun, hangs: true)
    let task = Task { await run("rollback", "hello", "--yes", "--output", "json", on: console, daemon: daemon) }
    task.cancel()
    #expect(await task.value == .interrupted)
    let error = JSONValue(parsing: console.written)?["error"]
    #expect(error?["reason"] == .string("interrupted"))
    #expect(error?["details"]?["deploy_id"] == .string(Sample.rollback.id))
    #expect(error?["details"]?["watch_command"] == .string("rollbackctl watch c4410d7e"))
  }

  @Test func `a lost connection names the deploy that goes on`() async {
    let console = FakeConsole.program()
    let daemon = FakeDaemon(
      frames: Sample.begun,
      framesError: RollbackError(
        .connectionLost, "The connection was lost.", details: ["deploy_id": Sample.rollback.id, "next_seq": "5"]))
    #expect(await run("rollback", "hello", "--yes", "--output", "table", on: console, daemon: daemon) == .unreachable)
    #expect(
      console.told.hasSuffix(
        "error (connection_lost): The connection was lost.\n  watch: rollbackctl watch c4410d7e\n"))
  }

  @Test func `a refusal before anything began suggests nothing to watch`() async {
    let console = FakeConsole.person()
    let daemon = FakeDaemon(framesError: RollbackError(.imageGone, "the registry no longer has image hello:v2"))
    #expect(await run("rollback", "hello", "--yes", on: console, daemon: daemon) == .refused)
    #expect(console.screen == "error (image_gone): the registry no longer has image hello:v2\n")
  }

  @Test func `a conflict names the ways to see it and to end it`() async {
    let console = FakeConsole.person()
    let error = RollbackError(
      .conflict, "deploy 0bd91e44 of app hello is in progress", details: ["deploy_id": Sample.v2.id])
    #expect(
      await run("rollback", "hello", "--yes", on: console, daemon: FakeDaemon(framesError: error)) == .conflict)
    #expect(
      console.told.hasSuffix(
        """
          watch: rollbackctl watch 0bd91e44
          take its place: rollbackctl rollback hello --yes --cancel-running
          wait for it: rollbackctl rollback hello --yes --wait-for-lock 60s
          end it: rollbackctl cancel 0bd91e44

        """))
  }

  @Test func `a stream without an end is no success`() async {
    let console = FakeConsole.person()
    #expect(
      await run("rollback", "hello", "--yes", on: console, daemon: FakeDaemon(frames: Sample.begun)) == .unexpected)
    #expect(console.told.contains("watch: rollbackctl watch c4410d7e"))
  }
}
