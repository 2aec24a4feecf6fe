import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("The evidence of a failure")
struct FailureEvidenceTests {
  private func text(_ diagnosis: Diagnosis, width: Int? = 80) -> String {
    FailureEvidence(diagnosis).lines
      .flatMap { RolloutPreview.wrap($0.text, indent: $0.indent, width) }.joined(separator: "\n")
  }

  private func event(_ reason: String, _ message: String, object: String = "Pod/p-1", count: UInt32 = 1) -> ClusterEvent
  {
    ClusterEvent(object: object, type: "Warning", reason: reason, message: message, count: count)
  }

  @Test func `is nothing where there is none`() {
    #expect(text(Diagnosis(summary: "s")) == "")
  }

  @Test func `shows the end of a long log, and how long it is`() {
    let lines = (1...25).map { "line \($0)\n" }.joined()
    #expect(
      text(Diagnosis(logTail: lines)) == """
          last 8 of 25 lines of the container:
              line 18
              line 19
              line 20
              line 21
              line 22
              line 23
              line 24
              line 25
        """)
  }

  @Test func `prefers the run that ended, and has no control characters of others`() {
    let diagnosis = Diagnosis(logTail: "now\r\n", previousLogTail: "then \u{1B}[2J\r\n")
    #expect(text(diagnosis) == #"  last lines of its previous run:  then \u{1B}[2J"#)
  }

  @Test func `no line of a log fills the screen`() {
    let shown = text(Diagnosis(logTail: "short\n" + String(repeating: "x", count: 5000)))
    #expect(shown.split(separator: "\n").count < 8)
    #expect(shown.split(separator: "\n").allSatisfy { String($0).displayWidth <= 80 })
    #expect(shown.hasSuffix("…"))
  }

  @Test func `events that the sentence says already are left out`() {
    let missing = Diagnosis(
      summary: "container web in pod p-1 cannot pull image r/web:v2: not found (ErrImagePull)", reason: "ErrImagePull",
      events: [
        event("Failed", "Failed to pull image \"r/web:v2\": rpc error: code = NotFound", count: 2),
        event("Failed", "Error: ErrImagePull", count: 2), event("Failed", "Error: ImagePullBackOff"),
        event("BackOff", "Back-off pulling image \"r/web:v2\"", count: 4),
      ])
    #expect(
      text(missing, width: nil) == """
          event  Pod/p-1: Failed (2 times): Failed to pull image "r/web:v2": rpc error: code = NotFound
        """)
    let unconfigured = Diagnosis(
      summary: "container web in pod p-1 cannot be configured: secret \"s\" not found (CreateContainerConfigError)",
      reason: "CreateContainerConfigError", events: [event("Failed", "Error: secret \"s\" not found")])
    #expect(text(unconfigured) == "")
    let unschedulable = Diagnosis(
      summary: "pod p-1 cannot be scheduled: 0/2 nodes are available",
      events: [event("FailedScheduling", "0/2 nodes are available")])
    #expect(text(unschedulable) == "")
  }

  @Test func `of events that differ in the pod alone the newest is shown`() {
    let quota = Diagnosis(
      summary: "pods cannot be created",
      events: (1...6).map {
        event(
          "FailedCreate", "Error creating: pods \"p-\($0)\" is forbidden: exceeded quota: q", object: "ReplicaSet/p")
      })
    #expect(
      text(quota, width: nil)
        == "  event  ReplicaSet/p: FailedCreate: Error creating: pods \"p-6\" is forbidden: exceeded quota: q")
  }

  @Test func `what is missing is noted`() {
    let diagnosis = Diagnosis(notes: ["the log of container web did not come within 3.00s"])
    #expect(text(diagnosis) == "  note   the log of container web did not come within 3.00s")
  }
}

@Suite("Progress without a terminal")
struct SilenceTests {
  private func lines(_ frames: [RolloutFrame]) -> [String] {
    var story = RolloutStory()
    return frames.flatMap { story.hear($0) }.map { $0.text(.utc) }
  }

  private func rolling(
    _ seq: UInt64, _ elapsed: Duration, updated: UInt32 = 1, message: String = "1 of 2 replicas are updated",
    trouble: String = "", pods: [PodState] = []
  ) -> RolloutFrame {
    RolloutFrame(
      seq: seq, at: Sample.time("2026-11-24T02:47:\(10 + elapsed.components.seconds)Z"),
      kind: .progress(
        RolloutProgress(
          phase: .rolling, replicas: Sample.numbers(updated: updated, old: 2), pods: pods,
          message: trouble.isEmpty ? message : "\(message); \(trouble)", elapsed: elapsed, trouble: trouble)))
  }

  @Test func `a heartbeat says that the wait goes on, for how long and for what`() {
    #expect(
      lines([rolling(1, .seconds(1)), rolling(2, .seconds(11)), rolling(3, .seconds(21))]) == [
        "02:47:11  rolling   1/2 updated, 2 old, 2 available",
        "02:47:21  rolling   still after 11s: 1 of 2 replicas are updated",
        "02:47:31  rolling   still after 21s: 1 of 2 replicas are updated",
      ])
  }

  @Test func `frames that say nothing new in between are no lines`() {
    #expect(lines([rolling(1, .seconds(1)), rolling(2, .seconds(4)), rolling(3, .seconds(9))]).count == 1)
  }

  @Test func `trouble without a pod has a line, once, also when numbers change with it`() {
    let quota = "pods cannot be created: exceeded quota (FailedCreate)"
    #expect(
      lines([
        rolling(1, .seconds(1), updated: 0), rolling(2, .seconds(2), updated: 1, trouble: quota),
        rolling(3, .seconds(3), updated: 1, trouble: quota),
      ]) == [
        "02:47:11  rolling   0/2 updated, 2 old, 2 available",
        "02:47:12  trouble   pods cannot be created: exceeded quota (FailedCreate)",
        "02:47:12  rolling   1/2 updated, 2 old, 2 available",
      ])
  }

  @Test func `states that alternate are told once, and a healthy start has no lines of its own`() {
    func pulling(_ seq: UInt64, _ word: String) -> RolloutFrame {
      let text = "container web in pod p-1 cannot pull image r/web:v2 (\(word))"
      return rolling(
        seq, .seconds(Int(seq)), trouble: text, pods: [PodState(name: "p-1", state: word, message: text)])
    }
    let words = ["ErrImagePull", "ImagePullBackOff", "ErrImagePull", "ImagePullBackOff"]
    let told = lines([rolling(1, .seconds(1))] + words.enumerated().map { pulling(UInt64($0.offset + 2), $0.element) })
    #expect(told.filter { $0.contains("  pod  ") }.count == 2)
    let detail = "1 of 2 replicas are updated; container web in pod p-1 runs but is not ready yet"
    #expect(
      lines([rolling(1, .seconds(1)), rolling(2, .seconds(2), message: detail), rolling(3, .seconds(3))]).count == 1)
  }

  @Test func `a pod's trouble is told with the pod and not twice`() {
    let text = "container web in pod p-1 exits 1 at start (Error, 0 restarts)"
    let pod = PodState(name: "p-1", state: "Error", message: text)
    #expect(
      lines([rolling(1, .seconds(1)), rolling(2, .seconds(2), trouble: text, pods: [pod])]) == [
        "02:47:11  rolling   1/2 updated, 2 old, 2 available",
        "02:47:12  pod       \(text)",
      ])
  }
}
