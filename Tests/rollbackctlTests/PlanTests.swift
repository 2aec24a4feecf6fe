import RollbackClient
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("plan")
struct PlanTests {
  private static let whole = PlanRollbackResponse(
    from: Sample.v3, target: Sample.v2, allowed: true,
    warnings: [
      Sample.schemaMismatch,
      Warning(
        code: "environment_changed",
        message: "Environment or secret keys changed since this deploy; they are not restored.",
        details: ["DB_POOL (changed)", "secret hello-env (added)"]),
    ], estimate: .seconds(24), namespace: "octave", deployment: "hello", container: "web",
    image: "harbor/octave/hello:v2@sha256:1c9e" + Sample.hex(60),
    notRestored: ["environment variables", "secrets", "database schema", "volumes"], estimateRollouts: 5,
    estimateSameImage: true, imageCheck: "present", targetLiveFor: .seconds(76 * 3600))

  private func plan(_ response: PlanRollbackResponse, width: Int = 80, word: [String] = []) async -> (
    ProgramStatus, String
  ) {
    var daemon = FakeDaemon()
    daemon.plan = .success(response)
    let console = FakeConsole.person(width: width)
    let status = await Program.run(["plan", "hello"] + word, on: console) { [daemon] _, body in try await body(daemon) }
    return (status, console.screen)
  }

  @Test func `shows what would happen`() async {
    let (status, text) = await plan(Self.whole)
    #expect(status == .done)
    #expect(
      text == """
        Roll back hello in namespace octave
          from  9f31c2a0  hello:v3  live for 6m10s (ci)
          to    0bd91e44  hello:v2  sha256:1c9e…  was live 3d4h (ops)   image: present
          Ready in about 24s, the median of the last 5 rollouts of this image.
          Not restored: environment variables, secrets, database schema, volumes.
          WARNING schema_mismatch  Migrations have been applied since this deploy.
                  Schema mismatch possible.
                  0042_orders_add_note (02:31), 0043_users_idx (02:31)
          WARNING environment_changed  Environment or secret keys changed since this
                  deploy; they are not restored.
                  DB_POOL (changed), secret hello-env (added)
          Sets container web of deployment octave/hello to
            harbor/octave/hello:v2@sha256:1c9e….
        Nothing was changed.   do it: rollbackctl rollback hello 0bd91e44

        """)
  }

  @Test(arguments: [
    (1, true, "Ready in about 24s, as the last rollout of this image took."),
    (1, false, "Ready in about 24s, as the app's last rollout took."),
    (7, false, "Ready in about 24s, the median of the app's last 7 rollouts."),
  ])
  func `says what the estimate rests on`(count: UInt32, isSameImage: Bool, sentence: String) async {
    let (_, text) = await plan(
      Sample.with(Self.whole) {
        $0.estimateRollouts = count
        $0.estimateSameImage = isSameImage
      })
    #expect(text.contains("  \(sentence)\n"))
  }

  @Test func `without a history there is no estimate`() async {
    let (_, text) = await plan(Sample.with(Self.whole) { $0.estimate = nil })
    #expect(!text.contains("Ready in"))
  }

  @Test func `after a deploy that failed it says what is undone`() async {
    let failed = Sample.with(Sample.v3) {
      $0.id = Sample.id("e22b78fe")
      $0.imageRef = "harbor/octave/hello:v4"
      $0.status = .failed
      $0.current = false
      $0.finishedAt = Sample.ago(.seconds(120))
    }
    let (_, text) = await plan(
      Sample.with(Self.whole) {
        $0.undoes = failed
        $0.target = Sample.v3
        $0.targetLiveFor = nil
      })
    #expect(
      text.hasPrefix(
        """
        Roll back hello in namespace octave
          from  e22b78fe  hello:v4  failed 2m ago (ci)
          to    9f31c2a0  hello:v3  sha256:77ab…  live for 6m10s (ci)   image: present
        """))
    let (_, older) = await plan(Sample.with(Self.whole) { $0.undoes = failed })
    #expect(older.contains("  from  e22b78fe  hello:v4  failed 2m ago (ci); hello:v3 is live\n"))
  }

  @Test(arguments: [
    (
      "image_gone", ProgramStatus.refused,
      """
      REFUSED (image_gone): it is so
          see: rollbackctl list hello --eligible

      """
    ),
    (
      "conflict", .conflict,
      """
      REFUSED (conflict): it is so
          watch: rollbackctl watch c4410d7e
          take its place: rollbackctl rollback hello 0bd91e44 --cancel-running
          wait for it: rollbackctl rollback hello 0bd91e44 --wait-for-lock 60s
          end it: rollbackctl cancel c4410d7e

      """
    ),
    (
      "unavailable", .temporary,
      """
      REFUSED (unavailable): it is so
          check: rollbackctl health

      """
    ),
    ("deployment_paused", .refused, "REFUSED (deployment_paused): it is so\n"),
    ("expectation_failed", .refused, "REFUSED (expectation_failed): it is so\n    see: rollbackctl list hello\n"),
    ("already_current", .done, "Nothing to do: it is so\n"),
  ])
  func `a refusal ends as the rollback would, with the way out`(
    reason: String, status: ProgramStatus, text: String
  ) async {
    let (actual, shown) = await plan(
      Sample.with(Self.whole) {
        $0.allowed = false
        $0.refusalReason = reason
        $0.refusalMessage = "it is so"
        if reason == "conflict" { $0.inFlight = Sample.rollback }
      })
    #expect(actual == status)
    #expect(shown.hasSuffix(text))
    #expect(shown.contains("  to    0bd91e44  hello:v2"), "what would be done is shown all the same")
  }

  /// One shape: a refused plan has the error that every failed command has, beside what was planned.
  @Test(arguments: [
    ("image_gone", ProgramStatus.refused, #"{"see_command":"rollbackctl list hello --eligible"}"#),
    (
      "conflict", .conflict,
      """
      {"deploy_id":"\(Sample.rollback.id)","end_it_command":"rollbackctl cancel c4410d7e","host":"cp-1",\
      "take_its_place_command":"rollbackctl rollback hello 0bd91e44 --cancel-running",\
      "wait_for_it_command":"rollbackctl rollback hello 0bd91e44 --wait-for-lock 60s",\
      "watch_command":"rollbackctl watch c4410d7e"}
      """
    ), ("already_current", .done, ""),
  ])
  func `a refusal in JSON is an error as any other`(reason: String, status: ProgramStatus, details: String) async {
    var daemon = FakeDaemon()
    daemon.plan = .success(
      Sample.with(Self.whole) {
        $0.allowed = false
        $0.refusalReason = reason
        $0.refusalMessage = "it is so"
        if reason == "conflict" {
          $0.inFlight = Sample.rollback
          $0.inFlightHost = "cp-1"
        }
      })
    let console = FakeConsole.program()
    #expect(await run("plan", "hello", on: console, daemon: daemon) == status)
    let document = JSONValue(parsing: console.written)
    #expect(document?["target"]?["id"] == .string(Sample.v2.id))
    let error = details.isEmpty ? "null" : #"{"reason":"\#(reason)","message":"it is so","details":\#(details)}"#
    #expect(document?["error"]?.line == error)
  }

  @Test func `a target that failed says so, and not only that it was deployed`() async {
    let (_, text) = await plan(
      Sample.with(Self.whole) {
        $0.targetLiveFor = nil
        $0.target?.status = .failed
        $0.target?.finishedAt = Sample.ago(.seconds(120))
      })
    #expect(text.contains("  to    0bd91e44  hello:v2  sha256:1c9e…  failed 2m ago (ops)   image: present\n"))
  }

  @Test(arguments: [40, 60, 80, 120])
  func `keeps to the width`(width: Int) async {
    let long = Sample.with(Self.whole) {
      $0.target?.imageRef = "harbor.example.org/octave/a-very-long-name-of-a-service-indeed:v2026.11.24-rc1"
      $0.image = "harbor.example.org/octave/a-very-long-name-of-a-service-indeed:v2026.11.24-rc1"
      $0.allowed = false
      $0.refusalReason = "image_blocked"
      $0.refusalMessage = String(repeating: "many words ", count: 20)
    }
    let (_, text) = await plan(long, width: width)
    for line in text.split(separator: "\n") where !line.contains("rollbackctl") {
      #expect(String(line).displayWidth <= width, "\(line)")
    }
  }

  @Test(arguments: ["previous", "-2", "77aa"])
  func `words go to the daemon as they are`(word: String) async {
    let daemon = FakeDaemon(deploys: Sample.history)
    let console = FakeConsole.program()
    #expect(await run("plan", "hello", word, on: console, daemon: daemon) == .done)
    #expect(daemon.calls.all == [.plan(PlanRollbackRequest(app: "hello", target: word))])
    #expect(JSONValue(parsing: console.written)?["target"]?["id"] != nil)
  }
}
