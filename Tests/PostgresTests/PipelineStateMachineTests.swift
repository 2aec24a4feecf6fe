import Testing

@testable import Postgres

@Suite("Pipeline machine")
struct PipelineStateMachineTests {
  typealias Machine = PipelineStateMachine<String>

  /// What the machine did, in words.
  static func words(_ action: Machine.Action) -> String {
    switch action {
    case .none: "-"
    case .deliver(let command): "deliver \(command)"
    case .fail(let command): "fail \(command)"
    case .failCommit(let commands): "fail commit of \(commands.joined(separator: " "))"
    case .prepared(let command, let isPrepared): "\(isPrepared ? "prepared" : "not prepared") \(command)"
    case .finished(let command, let disposition): "\(disposition) \(command)"
    case .synced(let commands): "synced " + commands.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    case .violation: "violation"
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let sent: @Sendable (inout Machine) -> Void
    let events: [Machine.Event]
    let actions: [String]
  }

  static let cases = [
    Case(
      testDescription: "reads end with their results",
      sent: {
        $0.sentQuery("a", isHeld: false)
        $0.sentQuery("b", isHeld: false)
        $0.sentSync()
      },
      events: [.value, .end, .value, .end, .sync],
      actions: ["deliver a", "executed a", "deliver b", "executed b", "synced "]),
    Case(
      testDescription: "a read that ends without any answer was on a connection that is gone",
      sent: {
        $0.sentPrepare(for: "a")
        $0.sentQuery("a", isHeld: false)
        $0.sentQuery("b", isHeld: false)
      },
      events: [.value, .end, .end],
      actions: ["-", "prepared a", "violation"]),
    Case(
      testDescription: "a held statement ends with its sync",
      sent: {
        $0.sentPrepare(for: "a")
        $0.sentQuery("a", isHeld: true)
        $0.sentSync()
      },
      events: [.value, .end, .value, .end, .sync],
      actions: ["-", "prepared a", "deliver a", "-", "synced executed a"]),
    Case(
      testDescription: "rows come one by one, then their end",
      sent: {
        $0.sentQuery("a", isHeld: true)
        $0.sentSync()
      },
      events: [.row, .row, .value, .end, .sync],
      actions: ["deliver a", "deliver a", "deliver a", "-", "synced executed a"]),
    Case(
      testDescription: "what follows a failure is not executed until the sync",
      sent: {
        $0.sentQuery("a", isHeld: false)
        $0.sentPrepare(for: "b")
        $0.sentQuery("b", isHeld: false)
        $0.sentSync()
        $0.sentQuery("c", isHeld: false)
        $0.sentSync()
      },
      events: [.error, .end, .aborted, .end, .aborted, .end, .sync, .value, .end, .sync],
      actions: [
        "fail a", "failed a", "-", "not prepared b", "-", "notExecuted b", "synced ", "deliver c", "executed c",
        "synced ",
      ]),
    Case(
      testDescription: "a failed preparation fails its statement",
      sent: {
        $0.sentPrepare(for: "a")
        $0.sentQuery("a", isHeld: true)
        $0.sentSync()
      },
      events: [.error, .end, .aborted, .end, .sync],
      actions: ["fail a", "not prepared a", "-", "-", "synced notExecuted a"]),
    Case(
      testDescription: "a failure at the sync undoes what was held",
      sent: {
        $0.sentQuery("a", isHeld: true)
        $0.sentQuery("b", isHeld: true)
        $0.sentSync()
      },
      events: [.value, .end, .value, .end, .error, .end, .sync],
      actions: ["deliver a", "-", "deliver b", "-", "fail commit of a b", "-", "synced failed a, failed b"]),
    Case(
      testDescription: "rows may be followed by an error",
      sent: {
        $0.sentQuery("a", isHeld: true)
        $0.sentSync()
      },
      events: [.row, .error, .end, .sync],
      actions: ["deliver a", "fail a", "-", "synced failed a"]),
    Case(
      testDescription: "a script has several results and no sync",
      sent: { $0.sentScript("a") }, events: [.value, .value, .error, .end],
      actions: ["deliver a", "deliver a", "fail a", "failed a"]),
    Case(testDescription: "a result nobody asked for", sent: { _ in }, events: [.value], actions: ["violation"]),
    Case(
      testDescription: "a sync before its statement", sent: { $0.sentQuery("a", isHeld: false) }, events: [.sync],
      actions: ["violation"]),
    Case(
      testDescription: "COPY", sent: { $0.sentQuery("a", isHeld: false) }, events: [.unexpected],
      actions: ["violation"]),
    Case(
      testDescription: "an end instead of a sync, as a connection gives that is gone", sent: { $0.sentSync() },
      events: [.end], actions: ["violation"]),
  ]

  @Test(arguments: cases) func resultsGoToTheirCommands(_ example: Case) {
    var machine = Machine()
    example.sent(&machine)
    var actions: [String] = []
    for event in example.events { actions.append(Self.words(machine.received(event))) }
    #expect(actions == example.actions)
    if !actions.contains("violation") { #expect(machine.isEmpty) }
  }

  @Test func anEndedConnectionGivesEveryCommandBackInOrder() {
    var machine = Machine()
    machine.sentQuery("a", isHeld: true)
    machine.sentQuery("b", isHeld: true)
    machine.sentSync()
    machine.sentPrepare(for: "c")
    machine.sentQuery("c", isHeld: false)
    _ = machine.received(.value)
    _ = machine.received(.end)
    let abandoned = machine.abandon()
    #expect(abandoned == ["a", "b", "c"])
    #expect(machine.isEmpty)
  }
}
