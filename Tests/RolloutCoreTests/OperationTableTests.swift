import Foundation
import KubernetesObjects
import Testing

@testable import RolloutCore

/// `Sources/RolloutCore/OperationStates.md` is what the machine does, and not what somebody once thought it does.
///
/// `ROLLBACKD_WRITE_TABLES=1` writes it anew.
@Suite struct OperationTableTests {
  private typealias Operation = OperationStateMachineTests.Operation

  @Test func theTableOfStatesAndEventsIsTrue() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/RolloutCore/OperationStates.md")
    let table = Self.table()
    if ProcessInfo.processInfo.environment["ROLLBACKD_WRITE_TABLES"] == "1" {
      try table.write(to: file, atomically: true, encoding: .utf8)
    }
    let written = try String(contentsOf: file, encoding: .utf8)
    #expect(written == table, "write it anew with ROLLBACKD_WRITE_TABLES=1 and read the difference")
  }

  // MARK: The states

  private static let states: [(name: String, what: String, steps: [OperationEvent])] = [
    ("intended", "A takeover: the lease is being claimed.", []),
    ("claimed", "The Deployment is being read.", [claimed]),
    ("confirming", "A patch is needed; the lease is renewed before it.", [claimed, needed]),
    ("patching", "The PATCH is under way.", [claimed, needed, renewed]),
    (
      "claimed, after a PATCH without an answer", "Whether it was applied is not known.",
      [claimed, needed, renewed, .patchUnknown(), .timer]
    ),
    (
      "fencing", "Cancelled, and a PATCH may be on its way: it is made worthless.",
      [claimed, needed, .cancelRequested(by: "ops")]
    ),
    ("waiting", "The patch is in; the verdict decides.", [claimed, applied]),
    ("recording", "It failed and is to be reverted; that is being written down.", [claimed, applied, failed]),
    (
      "claimed, reverting", "The Deployment is being read, to put the image back.",
      [claimed, applied, failed, .revertRecorded]
    ),
    (
      "waiting, reverting", "The image of before is in; the verdict decides.",
      [claimed, applied, failed, .revertRecorded, needed, renewed, .patched]
    ),
    ("finishing", "The outcome is being written.", [claimed, applied, ready]),
  ]

  // MARK: The events

  private static let instant = ContinuousClock.now
  private static let claimed = OperationEvent.leaseClaimed(fence: 8, sentAt: instant)
  /// Sent after whatever was read.
  private static let renewed = OperationEvent.leaseRenewed(sentAt: instant.advanced(by: .seconds(3600)))
  private static let needed = OperationStateMachineTests.needed
  private static let applied = OperationStateMachineTests.applied
  private static let ready = OperationStateMachineTests.ready
  private static let failed = OperationStateMachineTests.failed

  private static func read(_ finding: DeploymentReading.Finding, uid: String = "dep") -> OperationEvent {
    .deploymentRead(DeploymentReading(uid: uid, finding: finding))
  }

  private static let events: [(name: String, event: OperationEvent)] = [
    ("lease claimed", claimed), ("lease renewed", renewed),
    ("lease lost", .leaseLost), ("record changed", .recordChanged), ("PostgreSQL away", .databaseUnavailable),
    ("read: patch needed", needed), ("read: applied already", applied),
    ("read: overtaken", read(.decision(.overtaken(image: "a:v9")))),
    ("read: missing", read(.missing)),
    ("read: another uid", read(.decision(.alreadyApplied), uid: "other")),
    ("read failed", .readFailed()), ("patched", .patched), ("patch conflict", .patchConflict),
    ("patch not sent", .patchUnsent), ("patch unknown", .patchUnknown()),
    ("patch refused", .patchRefused("forbidden")), ("fenced", .fenced),
    ("verdict: ready", ready),
    ("verdict: superseded", .verdict(.superseded(image: "a:v9"))), ("verdict: deleted", .verdict(.deleted(.gone))),
    ("verdict: failed", failed),
    ("verdict: timed out", .verdict(.timedOut(RolloutFailure(cause: .timedOut, sentence: "not ready")))),
    ("cancel requested", .cancelRequested(by: "ops")), ("revert recorded", .revertRecorded),
    ("revert not recorded", .revertUnrecorded), ("outcome not written", .outcomeUnwritten),
    ("outcome written", .outcomeWritten), ("outcome settled elsewhere", .outcomeSettledElsewhere), ("drain", .drain),
  ]

  // MARK: The text

  private static func table() -> String {
    var text = """
      # What the operation machine does with each event in each state

      Made by the machine itself, from the test `OperationTableTests`, which also compares it. Events that are not named
      under a state are ignored there. Every operation here has the policy to revert; without it a failing verdict
      finishes at once. Timers are left out, but for the lease: renewed at a third of its length in every state that
      holds it, and from four fifths on nothing is changed in the cluster.

      """
    for state in states {
      text += "\n## \(state.name)\n\n\(state.what)\n\n| event | does | then |\n|---|---|---|\n"
      for (name, event) in events {
        var operation = Operation.resuming(uid: "dep")
        for step in state.steps {
          if case .timer = step { operation.pass(.milliseconds(250)) } else { operation.feed(step) }
        }
        let before = operation.stateName
        let actions = operation.feed(event)
        let after = operation.stateName
        if actions.isEmpty, before == after { continue }
        let does = actions.map(words).joined(separator: ", ")
        text += "| \(name) | \(does.isEmpty ? "–" : does) | \(after) |\n"
      }
    }
    return text
  }

  private static func words(_ action: OperationAction) -> String {
    switch action {
    case .claimLease: "claim"
    case .renewLease: "renew"
    case .releaseLease: "release"
    case .readDeployment: "read"
    case .patch: "patch"
    case .fence: "fence"
    case .startWaiting: "start waiting"
    case .stopWaiting: "stop waiting"
    case .recordRevert: "record the revert"
    case .writeOutcome(let outcome, _): "write `\(outcome.kind.rawValue)`"
    case .tell(let notice): "tell: \(words(notice))"
    case .wake: "wake"
    case .end(let ending): "end: \(words(ending))"
    }
  }

  private static func words(_ notice: OperationNotice) -> String {
    switch notice {
    case .takenOver: "taken over"
    case .databaseUnavailable: "PostgreSQL away"
    case .databaseBack: "PostgreSQL back"
    case .leaseLapsed: "lease lapsed"
    case .apiServerUnavailable: "API server away"
    case .apiServerBusy: "API server busy"
    case .patchConflict: "conflict"
    case .patchUnknown: "answer lost"
    case .patchFoundApplied: "found applied"
    case .reverting: "reverting"
    }
  }

  private static func words(_ ending: OperationAction.Ending) -> String {
    switch ending {
    case .settled: "settled"
    case .settledElsewhere: "settled elsewhere"
    case .lost: "lost"
    case .handedOver: "handed over"
    }
  }
}

extension OperationStateMachineTests.Operation {
  fileprivate var stateName: String {
    let name =
      switch machine.state {
      case .intended: "intended"
      case .claimed: "claimed"
      case .confirming: "confirming"
      case .patching: "patching"
      case .fencing: "fencing"
      case .waiting: "waiting"
      case .recording: "recording"
      case .finishing: "finishing"
      case .ended: "ended"
      }
    if name == "ended" || name == "finishing" { return name }
    return name + (machine.reverting == nil ? "" : ", reverting")
      + (machine.withdrawal == nil ? "" : ", to be cancelled")
  }
}
