import RollbackClient
import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("cancel") struct CancelTests {
  private func answering(_ status: DeployStatus, _ leftOn: String) -> FakeDaemon {
    var daemon = FakeDaemon(deploys: [Sample.rollback])
    daemon.cancel = .success(
      CancelDeployResponse(deploy: Sample.with(Sample.rollback) { $0.status = status }, leftOn: leftOn))
    return daemon
  }

  @Test func `6 when it ended before the cancellation reached it`() async {
    let console = FakeConsole.person()
    let status = await run("cancel", Sample.rollback.id, on: console, daemon: answering(.live, ""))
    #expect(status == .refused)
    #expect(
      console.screen == "Deploy c4410d7e of hello is live. It ended before the cancellation reached it.\n")
  }

  /// As `plan` has it of its second word: what can be no deploy is no argument, what could be and is none is not found.
  @Test(arguments: [
    ("zz", ProgramStatus.usage, "\"zz\" is neither an app nor a deploy id (at least 4 digits of one)."),
    ("abc", .usage, "\"abc\" is neither an app nor a deploy id (at least 4 digits of one)."),
    ("ffff0000", .notFound, "There is no app ffff0000, and no recent deploy whose id begins with it."),
  ])
  func `what is no deploy`(word: String, status: ProgramStatus, message: String) async {
    let console = FakeConsole.program()
    #expect(await run("cancel", word, on: console, daemon: FakeDaemon(deploys: [Sample.rollback])) == status)
    #expect(JSONValue(parsing: console.written)?["error"]?["message"] == .string(message))
  }

  @Test func `6 when it had ended`() async {
    let console = FakeConsole.person()
    var daemon = FakeDaemon(deploys: [Sample.rollback])
    daemon.cancel = .failure(RollbackError(.expectationFailed, "deploy c4410d7e of app hello is not running"))
    #expect(await run("cancel", Sample.rollback.id, on: console, daemon: daemon) == .refused)
  }

  @Test func `what the cluster was left on fits 80 columns`() async {
    let console = FakeConsole.person()
    let leftOn =
      "image harbor.example/octave/hello:v6-hang, which the cluster goes on rolling out (1 of 2 pods have it, 2 available)"
    #expect(await run("cancel", Sample.rollback.id, on: console, daemon: answering(.cancelled, leftOn)) == .done)
    #expect(console.screen.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(console.screen.contains("The cluster was left on: image"))
  }
}
