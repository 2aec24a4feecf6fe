import KubernetesObjects
import RolloutCore
import Testing

/// What no recording shows.
@Suite struct RolloutVerdictTests {
  let start = ContinuousClock.now
  func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

  func verdict(_ settings: RolloutSettings = RolloutSettings(), date: Int64? = 1500) throws -> RolloutVerdict {
    let receipt = try #require(
      PatchReceipt(
        answer: Objects.deployment(observed: 1), container: "web",
        serverDate: date.map { Timestamp(seconds: $0) }))
    return RolloutVerdict(receipt, settings: settings, at: start)
  }

  func outcome(_ step: RolloutStep) -> RolloutOutcome? {
    if case .end(let outcome, _) = step { outcome } else { nil }
  }

  func wait(_ step: RolloutStep) throws -> RolloutStep.Wait {
    guard case .wait(let wait) = step else {
      Issue.record("ended: \(step)")
      throw Ended()
    }
    return wait
  }
  private struct Ended: Error {}

  private func stuck(_ written: Int64, status: String = "False") -> Condition {
    Condition(
      type: "Progressing", status: status, reason: "ProgressDeadlineExceeded",
      lastUpdateTime: Timestamp(seconds: written))
  }

  // MARK: Stale states

  @Test func aStateFromBeforeThePatchIsNotLookedAt() throws {
    var verdict = try verdict(RolloutSettings(soak: .zero))
    let before = Objects.deployment(image: "harbor/octave/web:v1", generation: 1)
    #expect(outcome(verdict.handle(.deployment(before), at: at(1))) == nil)
  }

  @Test func aDeadlineWrittenBeforeThePatchIsNotTrusted() throws {
    var verdict = try verdict()
    let step = verdict.handle(
      .deployment(Objects.deployment(updated: 1, old: 1, conditions: [stuck(1500)])), at: at(1))
    #expect(outcome(step) == nil)
  }

  @Test func aDeadlineWrittenAfterThePatchIsTrusted() throws {
    var verdict = try verdict()
    let step = verdict.handle(
      .deployment(Objects.deployment(updated: 1, old: 1, conditions: [stuck(2100)])), at: at(1))
    guard case .failed(let failure) = outcome(step) else {
      Issue.record("\(step)")
      return
    }
    #expect(failure.cause == .progressDeadlineExceeded)
  }

  /// Of states that come together a watch keeps the newest: then nothing shows that the condition was there before our
  /// generation was observed. It cannot be ours before the whole deadline has passed.
  @Test(arguments: [(Int64(1501), false), (2098, false), (2099, true)])
  func aDeadlineThatCameTooEarlyToBeOursIsNotTrusted(written: Int64, isTrusted: Bool) throws {
    var verdict = try verdict()
    let state = Objects.deployment(updated: 1, old: 1, conditions: [stuck(written)])
    #expect((outcome(verdict.handle(.deployment(state), at: at(1))) != nil) == isTrusted)
  }

  /// The deploy before ran into its deadline just after our patch, and before the controller saw it; the condition is
  /// then left in place with our generation observed.
  @Test func aDeadlineOfTheDeployBeforeThatComesAfterThePatchIsNotTrusted() throws {
    var verdict = try verdict()
    let moving = Condition(type: "Progressing", status: "True", reason: "ReplicaSetUpdated")
    for (observed, condition) in [(1, moving), (1, stuck(1502)), (2, stuck(1502))] {
      let state = Objects.deployment(observed: observed, updated: 1, old: 1, conditions: [condition])
      #expect(outcome(verdict.handle(.deployment(state), at: at(1))) == nil)
    }
    let later = Objects.deployment(updated: 1, old: 1, conditions: [stuck(2101)])
    #expect(outcome(verdict.handle(.deployment(later), at: at(100))) != nil)
  }

  /// After a takeover nobody knows the Date: only a condition that was seen to be another one counts.
  @Test func withoutADateADeadlineMustBeSeenToCome() throws {
    var verdict = try verdict(date: nil)
    let left = Objects.deployment(updated: 1, old: 1, conditions: [stuck(9999)])
    #expect(outcome(verdict.handle(.deployment(left), at: at(1))) == nil)
    let moving = Condition(type: "Progressing", status: "True", reason: "ReplicaSetUpdated")
    let step = verdict.handle(
      .deployment(Objects.deployment(updated: 1, old: 1, conditions: [moving])), at: at(2))
    #expect(outcome(step) == nil)
    #expect(outcome(verdict.handle(.deployment(left), at: at(3))) != nil)
  }

  @Test func anOlderIncarnationThatALaggingWatchTellsOfIsIgnored() throws {
    var verdict = try verdict()
    var older = Objects.deployment(uid: "before")
    older.metadata.creationTimestamp = Timestamp(seconds: 500)
    #expect(outcome(verdict.handle(.deployment(older), at: at(1))) == nil)
    #expect(outcome(verdict.handle(.deploymentGone(uid: "before"), at: at(1))) == nil)
    var newer = older
    newer.metadata.creationTimestamp = Timestamp(seconds: 3000)
    #expect(outcome(verdict.handle(.deployment(newer), at: at(2))) == .deleted(.recreated))
  }

  // MARK: Deadlines

  @Test func ourOwnDeadlineBeginsAtThePatchEvenWhenTheControllerIsSilent() throws {
    var verdict = try verdict(RolloutSettings(timeout: .seconds(900)))
    let first = try wait(verdict.handle(.deployment(Objects.deployment(observed: 1, deadline: 30)), at: at(0)))
    #expect(first.until == at(10), "the heartbeat comes first")
    #expect(outcome(verdict.handle(.timer, at: at(34.9))) == nil)
    guard case .failed(let failure) = outcome(verdict.handle(.timer, at: at(35))) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.cause == .noProgress)
    #expect(failure.sentence == "no progress for 35 s: waiting for the deployment controller to see the change")
  }

  @Test func progressMovesTheDeadline() throws {
    var verdict = try verdict(RolloutSettings(progressDeadline: .seconds(20)))
    _ = verdict.handle(.deployment(Objects.deployment(updated: 0, old: 2)), at: at(0))
    _ = verdict.handle(.deployment(Objects.deployment(updated: 1, old: 2)), at: at(15))
    _ = verdict.handle(.deployment(Objects.deployment(updated: 1, old: 1)), at: at(30))
    #expect(outcome(verdict.handle(.timer, at: at(49))) == nil)
    #expect(outcome(verdict.handle(.timer, at: at(50))) != nil)
  }

  @Test func aPauseSuspendsTheDeadlineUntilItIsResumed() throws {
    var verdict = try verdict(RolloutSettings(timeout: .seconds(900), progressDeadline: .seconds(20)))
    _ = verdict.handle(.deployment(Objects.deployment(updated: 1, old: 1, paused: true)), at: at(1))
    #expect(outcome(verdict.handle(.timer, at: at(500))) == nil)
    _ = verdict.handle(.deployment(Objects.deployment(generation: 3, observed: 2, updated: 1, old: 1)), at: at(600))
    #expect(outcome(verdict.handle(.timer, at: at(619))) == nil)
    #expect(outcome(verdict.handle(.timer, at: at(620))) != nil)
  }

  @Test func theTimeoutSaysWhatIsStillWrong() throws {
    var verdict = try verdict(RolloutSettings(timeout: .seconds(60)))
    _ = verdict.handle(.deployment(Objects.deployment(updated: 1, old: 1)), at: at(0))
    guard case .timedOut(let failure) = outcome(verdict.handle(.timer, at: at(60))) else {
      Issue.record("not timed out")
      return
    }
    #expect(
      failure.sentence == "not ready within 60 s, the rollout goes on in the cluster: 1 of 2 replicas are updated")
  }

  /// Part of the time that was asked for had passed before the wait began.
  @Test func theTimeoutIsToldAsItWasAskedFor() throws {
    var verdict = try verdict(RolloutSettings(timeout: .milliseconds(59_900), askedTimeout: .seconds(60)))
    _ = verdict.handle(.deployment(Objects.deployment(updated: 1, old: 1)), at: at(0))
    guard case .timedOut(let failure) = outcome(verdict.handle(.timer, at: at(60))) else {
      Issue.record("not timed out")
      return
    }
    #expect(failure.sentence.hasPrefix("not ready within 60 s, "))
  }

  /// Nothing was reported about the pod: that much can be said, and which one it is.
  @Test(arguments: [
    (Objects.waiting("ContainerCreating"), "pod web-new-1 is not ready (ContainerCreating), and nothing says why"),
    (Objects.running(ready: false), "pod web-new-1 is not ready (Running), and nothing says why"),
  ])
  func aDeadlineWithNothingVisibleNamesThePod(status: ContainerStatus, words: String) throws {
    var verdict = try verdict(RolloutSettings(progressDeadline: .seconds(20)))
    _ = verdict.handle(
      [
        .deployment(Objects.deployment(updated: 1, old: 2)), .replicaSet(Objects.replicaSet()),
        .pod(Objects.pod(status)),
      ], at: at(0))
    guard case .failed(let failure) = outcome(verdict.handle(.timer, at: at(20))) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.sentence == "no progress for 20 s: 1 of 2 replicas are updated; " + words)
  }

  @Test func aDeadlineWithoutANewPodSaysSo() throws {
    var verdict = try verdict(RolloutSettings(progressDeadline: .seconds(20)))
    _ = verdict.handle(
      [.deployment(Objects.deployment(updated: 0, old: 2)), .replicaSet(Objects.replicaSet())], at: at(0))
    guard case .failed(let failure) = outcome(verdict.handle(.timer, at: at(20))) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.sentence == "no progress for 20 s: 0 of 2 replicas are updated; there is no new pod")
  }

  /// The failing pod is held against those that serve: not against one that goes away, nor one that is not ready.
  @Test func aFailureIsComparedWithThePodsThatServe() throws {
    var verdict = try verdict()
    func old(_ name: String, _ node: String, ready: Bool = true, deleted: Bool = false) -> RolloutEvent {
      .pod(
        Objects.pod(
          Objects.running(ready: ready), name: name, set: "web-old", deleted: deleted, image: "harbor/octave/web:v1",
          node: node))
    }
    let bad = Objects.pod(Objects.waiting("InvalidImageName"), node: "c")
    let step = verdict.handle(
      [
        .deployment(Objects.deployment(updated: 1, old: 2)), .replicaSet(Objects.replicaSet()),
        .replicaSet(Objects.replicaSet("web-old", image: "harbor/octave/web:v1", revision: "1")), old("o1", "a"),
        old("o2", "b"), old("o3", "c", deleted: true), old("o4", "d", ready: false), .pod(bad),
      ], at: at(0))
    guard case .failed(let failure) = outcome(step) else {
      Issue.record("no failure")
      return
    }
    #expect(
      failure.comparison?.sentence == "the 2 pods that still serve run web:v1 on nodes a, b; "
        + "the failing one has web:v2 on node c, where none of them is")
    #expect(failure.comparison?.serving.map(\.isNew) == [false, false])
  }

  /// The watches of the kinds are not in step: an event that is told before its pod is not lost.
  @Test func anEventThatComesBeforeItsPodCounts() throws {
    var verdict = try verdict()
    let event = Objects.event("FailedMount", "no secret", at: 1600)
    let pod = Objects.pod(Objects.waiting("ContainerCreating"), phase: "Pending")
    let step = verdict.handle(
      [
        .deployment(Objects.deployment(updated: 1, old: 1)), .replicaSet(Objects.replicaSet()), .event(event),
        .pod(pod),
      ], at: at(0))
    #expect(try wait(step).progress?.findings.first?.kind == .cannotBeSetUp)
  }

  @Test func aKillByAProbeIsEvidenceAndAnOrdinaryOneIsNot() throws {
    var verdict = try verdict(RolloutSettings(progressDeadline: .seconds(20)))
    _ = verdict.handle(
      [
        .deployment(Objects.deployment(updated: 1, old: 1)), .replicaSet(Objects.replicaSet()),
        .pod(Objects.pod(Objects.running(ready: false))),
        .event(Objects.event("Killing", "Stopping container web", container: "web", at: 1600)),
        .event(
          Objects.event(
            "Killing", "Container web failed liveness probe, will be restarted", container: "web", at: 1601)),
      ], at: at(0))
    guard case .failed(let failure) = outcome(verdict.handle(.timer, at: at(20))) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.events.map(\.message) == ["Container web failed liveness probe, will be restarted"])
    #expect(failure.events.first?.object == "Pod/web-new-1" && failure.events.first?.type == "Warning")
  }

  /// Of two new pods one is doomed: what happens to the other, or to another template's set, explains nothing.
  @Test func evidenceIsAboutTheFailingPodAndItsSetAlone() throws {
    var verdict = try verdict()
    func event(_ name: String, _ kind: String, _ object: String) -> RolloutEvent {
      .event(
        Event(
          metadata: ObjectMeta(name: name, uid: name),
          involvedObject: ObjectReference(kind: kind, name: object, uid: object), reason: name, message: name,
          type: "Warning", lastTimestamp: Timestamp(seconds: 1600)))
    }
    let crashing = Objects.waiting("CrashLoopBackOff", restarts: 2, lastExit: Objects.exit(1))
    let step = verdict.handle(
      [
        .deployment(Objects.deployment(updated: 2, old: 1)), .replicaSet(Objects.replicaSet()),
        .replicaSet(Objects.replicaSet("web-old", image: "harbor/octave/web:v1", revision: "1")),
        event("OfTheSet", "ReplicaSet", "web-new"), event("OfAnotherSet", "ReplicaSet", "web-old"),
        event("OfThePod", "Pod", "web-new-1"), event("OfAnotherPod", "Pod", "web-new-2"),
        .pod(Objects.pod(Objects.running(), name: "web-new-2")), .pod(Objects.pod(crashing)),
      ], at: at(0))
    guard case .failed(let failure) = outcome(step) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.finding?.pod == "web-new-1")
    #expect(failure.events.map(\.reason) == ["OfThePod", "OfTheSet"])
  }

  // MARK: Telling

  @Test func theSameIsToldOnceAndThenAsAHeartbeat() throws {
    var verdict = try verdict()
    let state = RolloutEvent.deployment(Objects.deployment(updated: 1, old: 1))
    #expect(try wait(verdict.handle(state, at: at(0))).progress != nil)
    #expect(try wait(verdict.handle(state, at: at(4))).progress == nil)
    let beat = try wait(verdict.handle(.timer, at: at(10)))
    #expect(beat.progress != nil && beat.isHeartbeat)
    #expect(beat.until == at(20))
  }

  @Test func theRegistryIsAskedOncePerImage() throws {
    var verdict = try verdict()
    let missing = Objects.pod(Objects.waiting("ErrImagePull", "manifest unknown"), phase: "Pending")
    let step = verdict.handle(
      [.deployment(Objects.deployment(updated: 1, old: 1)), .replicaSet(Objects.replicaSet()), .pod(missing)],
      at: at(0))
    #expect(try wait(step).askRegistry == ["harbor/octave/web:v2"])
    #expect(try wait(verdict.handle(.pod(missing), at: at(1))).askRegistry.isEmpty)
    let answer = RolloutEvent.registryAnswered(image: "harbor/octave/web:v2", .absent)
    guard case .failed(let failure) = outcome(verdict.handle(answer, at: at(2))) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.finding?.kind == .imageMissing)
  }

  @Test func podsOfAnotherTemplateAreNoConcernOfOurs() throws {
    var verdict = try verdict()
    let bad = Objects.pod(Objects.waiting("InvalidImageName"), name: "web-old-1", set: "web-old")
    let step = verdict.handle(
      [
        .deployment(Objects.deployment(updated: 1, old: 1)), .replicaSet(Objects.replicaSet()),
        .replicaSet(Objects.replicaSet("web-old", image: "harbor/octave/web:v1", revision: "1")), .pod(bad),
      ], at: at(0))
    #expect(outcome(step) == nil)
  }

  /// The annotation of the revision may be the same for a moment while another image's set still carries it.
  @Test func aSetWithAnotherImageIsNeverTheNewest() throws {
    var verdict = try verdict()
    let bad = Objects.pod(Objects.waiting("InvalidImageName"), name: "web-old-1", set: "web-old")
    let step = verdict.handle(
      [
        .deployment(Objects.deployment(updated: 1, old: 1)),
        .replicaSet(Objects.replicaSet("web-old", image: "harbor/octave/web:v1", revision: "2")), .pod(bad),
      ], at: at(0))
    #expect(outcome(step) == nil)
  }

  /// A change of the environment rolls the same image out again: only the revision tells the sets apart.
  @Test func ofTwoSetsWithTheSameImageTheRevisionDecides() throws {
    for order in [["web-old", "web-new"], ["web-new", "web-old"]] {
      var verdict = try verdict()
      let bad = Objects.pod(Objects.waiting("InvalidImageName"), name: "web-old-1", set: "web-old")
      let sets = order.map {
        RolloutEvent.replicaSet(Objects.replicaSet($0, revision: $0 == "web-new" ? "2" : "1"))
      }
      let state = RolloutEvent.deployment(Objects.deployment(updated: 1, old: 1))
      #expect(outcome(verdict.handle(sets + [.pod(bad), state], at: at(0))) == nil)
    }
  }

  /// The watches of the kinds are not in step: whatever comes last completes the picture.
  @Test(arguments: 0..<6)
  func theOrderOfTheKindsDoesNotMatter(order: Int) throws {
    let events: [RolloutEvent] = [
      .deployment(Objects.deployment(updated: 1, old: 1)), .replicaSet(Objects.replicaSet()),
      .pod(Objects.pod(Objects.waiting("InvalidImageName"))),
    ]
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    var verdict = try verdict()
    var last: RolloutStep?
    for index in orders[order] {
      if let last { #expect(outcome(last) == nil) }
      last = verdict.handle(events[index], at: at(0))
    }
    #expect(outcome(try #require(last)) != nil)
  }

  /// The set is known before the controller's status is; the revision counts from when it has caught up.
  @Test func podsAreLookedAtOnceTheControllerHasCaughtUp() throws {
    var verdict = try verdict()
    let step = verdict.handle(
      [
        .deployment(Objects.deployment(observed: 1)), .replicaSet(Objects.replicaSet()),
        .pod(Objects.pod(Objects.waiting("InvalidImageName"))),
      ], at: at(0))
    #expect(outcome(step) == nil)
    #expect(outcome(verdict.handle(.deployment(Objects.deployment(updated: 1, old: 1)), at: at(1))) != nil)
  }

  @Test func aPodThatGoesAwayIsNotSpokenOfAnyMore() throws {
    for last in [
      RolloutEvent.podGone(uid: "web-new-1"),
      .pod(Objects.pod(Objects.waiting("ErrImagePull", "503"), phase: "Pending", deleted: true)),
    ] {
      var verdict = try verdict()
      let bad = Objects.pod(Objects.waiting("ErrImagePull", "503"), phase: "Pending")
      let state = RolloutEvent.deployment(Objects.deployment(updated: 1, old: 1))
      let step = verdict.handle([state, .replicaSet(Objects.replicaSet()), .pod(bad)], at: at(0))
      #expect(try wait(step).progress?.pods.count == 1)
      let told = try wait(verdict.handle(last, at: at(1))).progress
      #expect(told?.pods.isEmpty == true && told?.findings.isEmpty == true)
    }
  }

  /// A node refused one pod and another took its place: the failed one lies about and must not hold things up.
  @Test func aFailedPodThatWasReplacedHoldsNothingUp() throws {
    var verdict = try verdict()
    let refused = Objects.pod(
      Objects.waiting(""), name: "web-new-0", phase: "Failed", reason: "OutOfcpu")
    _ = verdict.handle(
      [
        .deployment(Objects.deployment()), .replicaSet(Objects.replicaSet()), .pod(refused),
        .pod(Objects.pod(Objects.running())),
      ], at: at(0))
    #expect(outcome(verdict.handle(.timer, at: at(2))) == .ready(nil))
  }

  @Test func eventsFromBeforeThePatchAreNoEvidence() throws {
    var verdict = try verdict()
    func warning(_ name: String, _ second: Int64) -> RolloutEvent {
      .event(
        Event(
          metadata: ObjectMeta(name: name, uid: name),
          involvedObject: ObjectReference(kind: "Deployment", name: "web", uid: "dep"), reason: name, message: name,
          type: "Warning", lastTimestamp: Timestamp(seconds: second)))
    }
    let state = RolloutEvent.deployment(
      Objects.deployment(updated: 1, old: 1, conditions: [stuck(2100)]))
    guard
      case .failed(let failure) = outcome(
        verdict.handle([warning("Old", 1499), warning("Late", 1502), warning("First", 1500), state], at: at(1)))
    else {
      Issue.record("no failure")
      return
    }
    #expect(failure.events.map(\.reason) == ["First", "Late"])
  }

  @Test func ofVeryManyPodsTheOpenOnesAreNamed() throws {
    var verdict = try verdict()
    var events: [RolloutEvent] = [
      .deployment(Objects.deployment(replicas: 80, updated: 80, old: 1)), .replicaSet(Objects.replicaSet()),
    ]
    for number in 100..<180 {
      let status = number == 179 ? Objects.waiting("ContainerCreating") : Objects.running()
      events.append(.pod(Objects.pod(status, name: "web-new-\(number)")))
    }
    let told = try wait(verdict.handle(events, at: at(0))).progress
    #expect(told?.pods.count == RolloutVerdict.podLimit && told?.omittedPods == 30)
    #expect(told?.pods.last?.name == "web-new-179")
  }

  @Test func whatRunsIsProvenByDigest() throws {
    let digest = "sha256:" + String(repeating: "a", count: 64)
    let other = "sha256:" + String(repeating: "b", count: 64)
    var verdict = try verdict(RolloutSettings(soak: .zero, acceptedDigests: [digest]))
    func pod(_ name: String, _ imageID: String) -> RolloutEvent {
      var status = Objects.running()
      status.imageID = imageID
      return .pod(Objects.pod(status, name: name))
    }
    let step = verdict.handle(
      [
        .replicaSet(Objects.replicaSet()), pod("web-new-1", "harbor/octave/web@\(digest)"),
        pod("web-new-2", "harbor/octave/web@\(other)"), .deployment(Objects.deployment()),
      ], at: at(1))
    #expect(outcome(step) == .ready(ImageProof(verified: 1, total: 2, mismatch: other)))
  }

  @Test func afterTheEndTheAnswerStaysTheSame() throws {
    var verdict = try verdict()
    let end = verdict.handle(.deploymentGone(uid: "dep"), at: at(1))
    #expect(verdict.handle(.deployment(Objects.deployment()), at: at(2)) == end)
    #expect(verdict.handle(.timer, at: at(3)) == end)
  }
}
