import KubernetesObjects
import Locking
import ProtobufC
import RollbackMessages
import Testing

@testable import RollbackService
@testable import RolloutCore

/// What comes with a failure.
@Suite struct EvidenceTests {
  /// A rollback whose new pod crashes.
  private func failure(
    clock: HeldClock = HeldClock(), _ change: (inout FakeCluster.State) -> Void = { _ in }
  ) async throws -> Diagnosis {
    var diagnosis: Diagnosis?
    try await Harness.run(course: .crashing, clock: clock) { harness in
      harness.database.addApp("hello")
      harness.database.addDeploy("r/hello:v2", .superseded)
      harness.database.addDeploy("r/hello:v3", .live, current: true)
      harness.cluster.state.withLock { change(&$0) }
      let frames = try await harness.rollback()
      #expect(frames.finished?.outcome == .failed)
      #expect(harness.database.actions.last == "deploy.rollback.failed")
      diagnosis = frames.finished?.diagnosis
    }
    return try #require(diagnosis)
  }

  @Test func `a failure has its sentence, logs, events and the pods that serve`() async throws {
    let diagnosis = try await failure {
      $0.currentLog = .text("now\n")
      $0.previousLog = .text("before\n")
    }
    #expect(
      diagnosis.summary == "container hello in pod hello-new-1 exits 1 at start (CrashLoopBackOff, 2 restarts)")
    #expect(diagnosis.pod == "hello-new-1" && diagnosis.container == "hello" && diagnosis.reason == "CrashLoopBackOff")
    #expect(diagnosis.terminated && diagnosis.exitCode == 1 && diagnosis.restarts == 2)
    #expect(diagnosis.logTail == "now\n" && diagnosis.previousLogTail == "before\n" && diagnosis.notes.isEmpty)
    let event = try #require(diagnosis.events.first)
    #expect(
      event.object == "Pod/hello-new-1" && event.type == "Warning" && event.reason == "BackOff" && event.count == 3)
    #expect(diagnosis.node == "b" && diagnosis.image == "r/hello:v2")
    #expect(
      diagnosis.comparison == "the pod that still serves runs hello:v3 on node a; "
        + "the failing one has hello:v2 on node b, where that one is not")
    #expect(diagnosis.serving == [ServingPod(name: "hello-old-1", image: "r/hello:v3", node: "a")])
  }

  @Test func `a log that does not come holds the outcome up for no longer than its deadline`() async throws {
    // Sleeps of up to 3 s, the deadline of all logs together, end at once.
    let diagnosis = try await failure(clock: HeldClock(skippingUpTo: .seconds(3))) {
      $0.currentLog = .silence
      $0.previousLog = .silence
    }
    #expect(
      diagnosis.notes == [
        "the log of container hello did not come within 3.00s",
        "the log of the previous run of container hello did not come within 3.00s",
      ])
  }

  @Test func `one log that comes is not lost with the other`() async throws {
    let diagnosis = try await failure(clock: HeldClock()) {
      $0.currentLog = .fails
      $0.previousLog = .text("before")
    }
    #expect(diagnosis.previousLogTail == "before" && diagnosis.logTail.isEmpty)
    #expect(diagnosis.notes == ["the log of container hello is missing: the log could not be read"])
  }

  @Test func `that there was no previous run needs no note`() async throws {
    let diagnosis = try await failure { $0.previousLog = .nothing }
    #expect(diagnosis.notes.isEmpty && diagnosis.logTail == "KeyError: 'DB_POOL'")
  }

  @Test func `a log that is no text and too long is told as far as a frame can carry it`() async throws {
    let diagnosis = try await failure {
      $0.currentLog = .text("a\0b\n")
      $0.previousLog = .text(String(repeating: "x", count: 20_000) + "\nthe end\n")
    }
    #expect(diagnosis.logTail == "a\u{FFFD}b\n")
    #expect(diagnosis.previousLogTail == "the end\n")
    #expect(
      diagnosis.notes == [
        "the log of the previous run of container hello is cut: only its last 8 of 20009 bytes are kept"
      ])
    // Whatever was in it, the frame can be encoded.
    #expect(try ProtobufCodec().encode(diagnosis).count < 1000)
  }

  @Test func `the largest diagnosis fits a frame of 64 KiB`() throws {
    let long = String(repeating: "\u{1F600}", count: 2000)
    let event = RolloutFailure.EventLine(
      .init(
        metadata: .init(name: "e"), involvedObject: .init(kind: "Pod", name: String(repeating: "p", count: 253)),
        reason: String(repeating: "r", count: 128), message: long))
    let pods = (0..<200).map { number in
      FakeCluster.servingPod(
        "\(number)" + String(repeating: "p", count: 250), image: String(repeating: "i", count: 255),
        node: String(repeating: "n", count: 253))
    }
    let failure = RolloutFailure(
      cause: .doomed, sentence: long.oneLine(), finding: nil,
      events: Array(repeating: event, count: RolloutVerdict.evidenceLimit),
      comparison: PodComparison(of: pods[0], container: "hello", with: pods, isNew: { _ in false }))
    var diagnosis = RolloutWords.diagnosis(failure)
    let room = diagnosis.roomForLogs
    #expect(room > 2000 && room < 2 * LogTail.limit)
    diagnosis.logTail = LogTail(String(repeating: "x\n", count: 100_000), limit: room / 2).text
    diagnosis.previousLogTail = LogTail(long + long + long, limit: room / 2).text
    #expect(diagnosis.serving.count == 20)
    #expect(Diagnosis().roomForLogs == 2 * LogTail.limit)
    let size = try ProtobufCodec().encode(RolloutFinished(message: failure.sentence, diagnosis: diagnosis)).count
    #expect(size < 64 << 10)
  }

  @Test func `suspect and doomed pods have their text in progress, and what is on its way has none`() {
    func state(_ level: PodFinding.Level, _ kind: PodFinding.Kind, ready: Bool = false, _ word: String) -> PodState? {
      let finding = PodFinding(level: level, kind: kind, pod: "p", reason: "", sentence: "the sentence")
      let progress = RolloutCore.RolloutProgress(
        phase: .rolling, replicas: .init(), waitingFor: "w",
        pods: [
          .init(
            name: "p", ready: ready, restarts: 1, state: word, level: level,
            containers: [.init(name: "c", ready: ready, restarts: 1, state: word)])
        ], omittedPods: 0, findings: [finding], proof: nil, unreachable: nil)
      return RolloutWords.progress(progress, elapsed: .zero).pods.first
    }
    #expect(state(.fine, .notReady, "Running")?.message == "")
    #expect(state(.fine, .notReady, "Running")?.state == "starting")
    #expect(state(.suspect, .crashing, "CrashLoopBackOff")?.message == "the sentence")
    #expect(state(.suspect, .unschedulable, "Pending")?.state == "unschedulable")
    #expect(state(.fine, .notReady, ready: true, "Running")?.state == "ready")
    #expect(
      state(.suspect, .crashing, "Error")?.containers
        == [RollbackMessages.ContainerState(name: "c", ready: false, restarts: 1, state: "Error")])
  }
}

@Suite struct LogTailTests {
  @Test(
    arguments: [
      ("", "", nil), ("a\nb\n", "a\nb\n", nil), ("1234567890", "1234567890", nil),
      // Whole lines: what begins before the limit goes.
      ("aaa\nbbb\nccc\n", "bbb\nccc\n", "only its last 8 of 12 bytes are kept"),
      // One line that is too long by itself is cut inside.
      ("1234567890abc", "4567890abc", "only its last 10 of 13 bytes are kept"),
      ("long long line\n", "long line\n", "only its last 10 of 15 bytes are kept"),
      // Never within a character.
      ("xxéééééé", "ééééé", "only its last 10 of 14 bytes are kept"),
      ("éééééx", "ééééx", "only its last 9 of 11 bytes are kept"),
      ("y\0z", "y\u{FFFD}z", nil),
    ] as [(String, String, String?)])
  func `keeps the end, in whole lines`(log: String, text: String, note: String?) {
    let tail = LogTail(log, limit: 10)
    #expect(tail.text == text)
    #expect(tail.note == note)
  }
}
