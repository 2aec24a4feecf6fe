import KubernetesObjects
import RolloutCore
import Testing

/// Every recorded case, played to its verdict: what the verdict is, at which event it comes, and why there.
///
/// A place such as `deployments 16` is the line (from 0) of that case's watch; a number of milliseconds is on the
/// clock of the recording. Container states come from a simulator whose back-offs are short.
@Suite struct ReplayTests {
  private func play(
    _ name: String, generation: Int, settings: RolloutSettings = RolloutSettings(), horizon: Duration = .seconds(5),
    registry: RegistryOpinion? = nil, insert: [(ms: Int, event: RolloutEvent)] = []
  ) throws -> Replay {
    try Replay(
      RecordedCase(name), generation: generation, settings: settings, horizon: horizon, registry: registry,
      insert: insert)
  }

  private func expectReady(_ replay: Replay, at place: String, _ ms: Int) {
    #expect(replay.ending?.outcome == .ready(nil))
    #expect(replay.ending?.place == place)
    #expect(replay.ending?.ms == ms)
  }

  private func failure(of replay: Replay, at place: String, _ ms: Int) throws -> RolloutFailure {
    #expect(replay.ending?.place == place)
    #expect(replay.ending?.ms == ms)
    guard case .failed(let failure) = replay.ending?.outcome else {
      Issue.record("not failed but \(String(describing: replay.ending?.outcome))")
      throw NotFailed()
    }
    return failure
  }

  private struct NotFailed: Error {}

  // MARK: a, a successful update and a rollback to the ReplicaSet that still exists

  /// The counts are right at event 16 (2 updated, 2 in all, 2 available). Before it, event 9 has old counts that look
  /// complete, but observedGeneration 1 < 2; and event 15 still has an old replica.
  @Test func aRollingUpdateIsReadyWhenTheCountsAre() throws {
    let replay = try play("a-rolling-update", generation: 2, settings: RolloutSettings(soak: .zero))
    expectReady(replay, at: "deployments 16", 1713)
  }

  /// With half a second of soak nothing happens in it, so time alone decides, half a second after event 16.
  @Test func aRollingUpdateIsReadyAfterItsSoak() throws {
    let replay = try play("a-rolling-update", generation: 2, settings: RolloutSettings(soak: .milliseconds(500)))
    expectReady(replay, at: "timer", 2213)
  }

  /// With two seconds of soak the next patch (v1, event 17) comes before they are over.
  @Test func aPatchDuringTheSoakSupersedes() throws {
    let replay = try play("a-rolling-update", generation: 2)
    #expect(replay.ending?.outcome == .superseded(image: "harbor.local/octave/hello:v1"))
    #expect(replay.ending?.place == "deployments 17")
  }

  /// Events 18 and 19 say `NewReplicaSetAvailable` of the deploy before, 19 even with our generation observed and
  /// `updatedReplicas` left out, which is zero: the condition is no sign of completion. Event 26 is.
  @Test func aRollbackToAnExistingReplicaSetIsNotDoneTooEarly() throws {
    let replay = try play("a-rolling-update", generation: 3)
    expectReady(replay, at: "timer", 3039 + 2000)
    let soaking = replay.told.first { $0.progress.phase == .soaking }
    #expect(soaking?.place == "deployments 26")
  }

  // MARK: b, c, d, deploys that get stuck, and the rollback from them

  /// The registry agrees that there is no such image: doomed at the first `ErrImagePull`, 207 ms after the patch and
  /// ten seconds before the controller's deadline.
  @Test func aMissingImageIsDoomedAtOnceWhenTheRegistryAgrees() throws {
    let replay = try play("b-imagepullbackoff", generation: 2, registry: .absent)
    let failure = try failure(of: replay, at: "pods 6", 547)
    #expect(failure.cause == .doomed)
    #expect(
      failure.sentence
        == "container hello in pod hello-675c776c84-gpdw7 cannot pull image harbor.local/octave/hello:v2-missing: "
        + "not in the registry (ErrImagePull)")
    #expect(failure.logs.isEmpty, "a container that never ran has no logs")
    #expect(
      failure.comparison?.sentence == "the 2 pods that still serve run hello:v1 on nodes sim-node-1, sim-node-2; "
        + "the failing one has hello:v2-missing on node sim-node-1, where one of them is too")
  }

  /// Nobody can be asked: the kubelet's text alone is enough once it has lasted, here for 3 s from event pods 6 on,
  /// over the back-off in between.
  @Test func aMissingImageIsDoomedWhenItLastsAndNoRegistryIsKnown() throws {
    let settings = RolloutSettings(diagnosis: DiagnosisSettings(pullPersistence: .seconds(3)))
    let replay = try play("b-imagepullbackoff", generation: 2, settings: settings)
    let failure = try failure(of: replay, at: "timer", 547 + 3000)
    #expect(failure.cause == .doomed && failure.finding?.kind == .imageMissing)
    #expect(replay.asked.map(\.place) == ["pods 6"], "asked once, however often the node tries")
  }

  /// The registry has the image: the node's trouble may pass, so the controller's deadline decides. It is trusted:
  /// the condition was `NewReplicaSetCreated` before, after our patch.
  @Test func aPullErrorThatTheRegistryContradictsWaitsForTheDeadline() throws {
    let replay = try play("b-imagepullbackoff", generation: 2, registry: .present)
    let failure = try failure(of: replay, at: "deployments 6", 10544)
    #expect(failure.cause == .progressDeadlineExceeded)
    #expect(failure.finding?.level == .suspect && failure.finding?.kind == .pullFailing)
    #expect(failure.events.map(\.reason).contains("Failed"))
  }

  /// `CrashLoopBackOff` at one restart is suspect (pods 10); at the second restart with the same exit code it is
  /// doomed, seven seconds before the deadline.
  @Test func aCrashLoopIsDoomedAtTheSecondRestart() throws {
    let replay = try play("c-crashloop", generation: 2)
    let failure = try failure(of: replay, at: "pods 14", 3365)
    #expect(
      failure.sentence
        == "container hello in pod hello-6d74bf995-cp4vf exits 1 at start (CrashLoopBackOff, 2 restarts)")
    #expect(failure.finding?.exitCode == 1)
    #expect(failure.logs.map(\.previous) == [false, true])
    #expect(replay.told.first { $0.place == "pods 10" }?.progress.findings.first?.level == .suspect)
  }

  /// Without fail-fast the same crash is only told, and the controller's deadline ends the wait.
  @Test func withoutFailFastTheDeadlineDecides() throws {
    let replay = try play("c-crashloop", generation: 2, settings: RolloutSettings(failFast: false))
    let failure = try failure(of: replay, at: "deployments 6", 10829)
    #expect(failure.cause == .progressDeadlineExceeded)
    #expect(failure.sentence.hasPrefix("no progress within 10 s (ProgressDeadlineExceeded): container hello in pod"))
    #expect(failure.sentence.hasSuffix("exits 1 at start (CrashLoopBackOff, 3 restarts)"))
  }

  /// A program that runs and never becomes ready is never doomed: it may only be slow. The deadline ends it, and the
  /// sentence says what the probe said.
  @Test func aHangFailsAtTheDeadlineWithTheProbesWords() throws {
    let replay = try play("d-hang", generation: 2)
    let failure = try failure(of: replay, at: "deployments 6", 10860)
    #expect(failure.cause == .progressDeadlineExceeded)
    #expect(failure.finding?.kind == .notReady)
    #expect(
      failure.sentence.hasSuffix(
        "runs but is not ready: readiness probe GET /healthz on port 8080 every 1 s fails: "
          + "HTTP probe failed with statuscode: 503"))
    #expect(failure.events.map(\.reason) == ["Unhealthy"])
    #expect(replay.told.contains { $0.isHeartbeat }, "ten silent seconds bring a heartbeat")
  }

  /// The rollback from each stuck deploy. Events 7 and 8 carry our generation and `ProgressDeadlineExceeded` of the
  /// deploy before, with its crashing pods: nothing is judged before observedGeneration is ours (event 9), and there
  /// the condition is a fresh one. Ready from event 10 on; event 11 only counts the terminating pod.
  @Test(arguments: [
    ("b-imagepullbackoff", 11656), ("c-crashloop", 11946), ("d-hang", 11954),
  ])
  func aRollbackFromAStuckDeployIsNoFalseFailure(name: String, complete: Int) throws {
    let replay = try play(name, generation: 3)
    expectReady(replay, at: "timer", complete + 2000)
    #expect(replay.told.first { $0.progress.phase == .soaking }?.place == "deployments 10")
    #expect(replay.told.allSatisfy { $0.progress.findings.isEmpty }, "the old deploy's pods are not ours")
  }

  /// The same, but the controller never writes the condition anew (it does not reset it when the ReplicaSet exists,
  /// and a watch may skip states): event 9 is replaced by one with our generation observed and the old condition.
  @Test(arguments: ["b-imagepullbackoff", "c-crashloop", "d-hang"])
  func aLeftOverDeadlineConditionIsNotTrustedEvenWhenObserved(name: String) throws {
    var recorded = try RecordedCase(name)
    let index = try #require(recorded.items.firstIndex { $0.place == "deployments 9" })
    let stuck = try #require(recorded.items.first { $0.place == "deployments 8" }?.deployment)
    var observed = try #require(recorded.items[index].deployment)
    observed.status.conditions = stuck.status.conditions
    recorded.items[index].event = .deployment(observed)
    let replay = try Replay(recorded, generation: 3, horizon: .seconds(5))
    #expect(replay.ending?.outcome == .ready(nil))
  }

  // MARK: e, deleted

  /// Background: DELETED at once, while pods still run.
  @Test func backgroundDeletionEndsTheWait() throws {
    let replay = try play("e1-deleted-mid-rollout-background", generation: 2)
    #expect(replay.ending?.outcome == .deleted(.gone))
    #expect(replay.ending?.place == "deployments 6")
  }

  /// Foreground: the deletionTimestamp is enough, 235 ms before DELETED and before the counts fall to zero.
  @Test func foregroundDeletionEndsTheWaitAtItsMark() throws {
    let replay = try play("e2-deleted-mid-rollout-foreground", generation: 2)
    #expect(replay.ending?.outcome == .deleted(.underWay))
    #expect(replay.ending?.place == "deployments 7")
  }

  /// Orphan: the same. Its new pod even becomes ready later; nobody owns it any more.
  @Test func orphaningDeletionEndsTheWaitAtItsMark() throws {
    let replay = try play("e3-deleted-mid-rollout-orphan", generation: 2)
    #expect(replay.ending?.outcome == .deleted(.underWay))
    #expect(replay.ending?.place == "deployments 6")
  }

  /// Deleted and made again under the same name: DELETED of our uid ends it.
  @Test func aRecreatedDeploymentIsNotFollowed() throws {
    let replay = try play("e4-deleted-and-recreated", generation: 2)
    #expect(replay.ending?.outcome == .deleted(.gone))
    #expect(replay.ending?.place == "deployments 7")
  }

  /// The same when DELETED was missed in a re-list: the other uid (event 8) tells it, and its readiness is not ours.
  @Test func aRecreatedDeploymentIsNoticedByItsUid() throws {
    var recorded = try RecordedCase("e4-deleted-and-recreated")
    recorded.items.removeAll { $0.place == "deployments 7" }
    let replay = try Replay(recorded, generation: 2)
    #expect(replay.ending?.outcome == .deleted(.recreated))
    #expect(replay.ending?.place == "deployments 8")
  }

  // MARK: f, g, paused, and an API server that goes away

  /// Patched while paused: event 7 has observed our generation and nothing moves. Resumed 4 s later, which bumps the
  /// generation once more without superseding us; ready from event 17 on.
  @Test func aPausedRolloutWaitsAndGoesOnWhenResumed() throws {
    let replay = try play("f-paused", generation: 3)
    expectReady(replay, at: "timer", 5889 + 2000)
    let paused = replay.told.first { $0.place == "deployments 7" }?.progress
    #expect(paused?.phase == .paused)
    #expect(paused?.waitingFor == "the deployment was paused by somebody, waiting for it to be resumed")
  }

  /// Paused for longer than any deadline: ours is suspended, as the controller's is; only the timeout ends it.
  @Test func aPausedRolloutOnlyEndsByTheTimeout() throws {
    var recorded = try RecordedCase("f-paused")
    recorded.items.removeAll { $0.ms > 5000 }
    let settings = RolloutSettings(timeout: .seconds(60), progressDeadline: .seconds(5))
    let replay = try Replay(recorded, generation: 3, settings: settings, horizon: .seconds(90))
    guard case .timedOut(let failure) = replay.ending?.outcome else {
      Issue.record("not timed out but \(String(describing: replay.ending))")
      return
    }
    #expect(replay.ending?.ms == 1049 + 60_000)
    #expect(
      failure.sentence
        == "not ready within 60 s, the rollout goes on in the cluster: "
        + "the deployment was paused by somebody, waiting for it to be resumed")
  }

  /// The API server stops at event 4 and the watches end. That is no failure: with nothing seen for twenty times the
  /// deadline the wait goes on and says for how long it has been blind; the timeout of the call is what ends it.
  @Test func anApiServerThatIsAwayIsNoFailure() throws {
    let settings = RolloutSettings(timeout: .seconds(300), progressDeadline: .seconds(10))
    let replay = try play(
      "g2-apiserver-restart", generation: 2, settings: settings, horizon: .seconds(200),
      insert: [(ms: 700, event: .apiServerUnreachable)])
    #expect(replay.ending == nil)
    #expect(replay.sentences.contains("API server unreachable for 10 s, the rollout goes on"))
    #expect(replay.told.last?.progress.unreachable ?? .zero > .seconds(180))
  }

  /// It is back after 6.8 s and nothing has moved: the deadline of 10 s counts only the time in which we could see,
  /// 10 s after the last progress at event 4 plus the gap.
  @Test func theDeadlineCountsOnlyTheTimeInWhichWeCouldSee() throws {
    let settings = RolloutSettings(progressDeadline: .seconds(10))
    let replay = try play(
      "g2-apiserver-restart", generation: 2, settings: settings, horizon: .seconds(60),
      insert: [(ms: 722, event: .apiServerUnreachable), (ms: 7522, event: .apiServerReachable)])
    let failure = try failure(of: replay, at: "timer", 396 + 10_000 + 6800)
    #expect(failure.cause == .noProgress)
    #expect(
      failure.sentence == "no progress for 10 s: 1 of 2 replicas are updated; "
        + "pod hello-5848898c66-5rhxl is not ready (ContainerCreating), and nothing says why")
  }

  // MARK: i, j, pods that cannot be made or placed

  /// A quota is suspect, since it may be lifted: the text is told from event 4 on, the deadline ends it.
  @Test func aQuotaIsToldAndFailsAtTheDeadline() throws {
    let replay = try play("i-quota-replicafailure", generation: 2)
    let failure = try failure(of: replay, at: "deployments 6", 11369)
    #expect(failure.finding?.kind == .cannotCreatePods)
    #expect(failure.sentence.contains("exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"))
    #expect(replay.told.first { !$0.progress.findings.isEmpty }?.place == "deployments 4")
    #expect(failure.events.contains { $0.object.hasPrefix("ReplicaSet/hello-") && $0.reason == "FailedCreate" })
    #expect(failure.comparison?.sentence.hasSuffix("; no new pod could be made") == true)
  }

  /// No node takes the pod: suspect, with the scheduler's own words. The patch changed no image, so only the pods of
  /// the newest revision tell the new from the old. The scheduler's event has null timestamps and is evidence too.
  @Test func anUnschedulablePodIsToldInTheSchedulersWords() throws {
    let replay = try play("j-unschedulable", generation: 2)
    let failure = try failure(of: replay, at: "deployments 6", 10390)
    #expect(failure.finding?.kind == .unschedulable)
    #expect(failure.sentence.contains("cannot be scheduled: 0/2 nodes are available: 2 node(s) didn't match"))
    #expect(failure.events.map(\.reason) == ["FailedScheduling"])
    #expect(failure.comparison?.sentence.hasSuffix("; the failing one has the same image and no node") == true)
  }

  // MARK: k, l, others change the Deployment

  /// An autoscaler goes 2 to 4 during the soak. Generation 2 is not ours, the image is: not superseded. Complete
  /// again with 4 at event 7, and the soak starts anew there.
  @Test func scalingIsNotSupersedingAndIsWaitedFor() throws {
    let replay = try play("k-scale", generation: 1, settings: RolloutSettings(soak: .milliseconds(500)))
    expectReady(replay, at: "timer", 734 + 500)
    #expect(replay.ending?.last.replicas.desired == 4)
  }

  /// Scaled to zero while waiting: event 10 still counts 4 pods that are all available and may pass (nothing is
  /// wanted, and nothing old is left); with a soak it is event 10, too, for there is nothing to watch.
  @Test func zeroReplicasAreReadyAtOnce() throws {
    let replay = try play("k-scale", generation: 1, settings: RolloutSettings(soak: .seconds(2)))
    expectReady(replay, at: "deployments 10", 1313)
    #expect(replay.ending?.last.replicas.desired == 0)
  }

  /// Somebody deploys v3 before v2 is done: the template's image in event 6 is not ours.
  @Test func aDeployOnTopSupersedes() throws {
    let replay = try play("l-superseded", generation: 2)
    #expect(replay.ending?.outcome == .superseded(image: "harbor.local/octave/hello:v3"))
    #expect(replay.ending?.place == "deployments 6")
  }

  /// That other deploy's own wait: two non-empty ReplicaSets, then three; `replicas` 3 with none updated (event 8).
  /// Complete at event 17.
  @Test func theDeployOnTopBecomesReady() throws {
    let replay = try play("l-superseded", generation: 3)
    expectReady(replay, at: "timer", 4560 + 2000)
    #expect(replay.told.first { $0.progress.phase == .soaking }?.place == "deployments 17")
  }

  // MARK: m, n, o, p, q, r

  /// minReadySeconds 2: at event 12 both pods are ready and one is not yet available; event 14 has both.
  @Test func readyPodsThatAreNotYetAvailableAreWaitedFor() throws {
    let replay = try play("m-minready", generation: 2, settings: RolloutSettings(soak: .zero))
    expectReady(replay, at: "deployments 14", 4039)
    #expect(!replay.told.contains { $0.place == "deployments 12" && $0.progress.phase == .soaking })
  }

  /// Pods that are ready for half a second and then crash. Complete at event 11, broken in the soak by pods 17 before
  /// the controller counts it out (event 12); again at 13, 15 and 19; doomed at pods 28, the second restart.
  @Test func aFlappingImageFailsBecauseOfTheSoak() throws {
    let replay = try play("n-flap", generation: 2)
    let failure = try failure(of: replay, at: "pods 28", 4776)
    #expect(failure.cause == .doomed)
    #expect(failure.finding?.kind == .crashing)
    let soaks = replay.told.filter { $0.progress.phase == .soaking }.map(\.place)
    #expect(soaks == ["deployments 11", "deployments 13", "deployments 15", "deployments 19"])
  }

  /// Without a soak the same rollout counts as done at event 11, as for `kubectl rollout status`.
  @Test func aFlappingImageIsReadyWithoutASoak() throws {
    let replay = try play("n-flap", generation: 2, settings: RolloutSettings(soak: .zero))
    expectReady(replay, at: "deployments 11", 936)
  }

  /// Without fail-fast a flapping image is not kept waiting for by its returning readiness: that is no progress. Our
  /// own deadline counts from event 11, the last real one, less the 866 ms in which everything was ready, and soaked.
  @Test func readinessThatComesAndGoesIsNoProgress() throws {
    let settings = RolloutSettings(progressDeadline: .seconds(8), failFast: false)
    let replay = try play("n-flap", generation: 2, settings: settings, horizon: .seconds(20))
    let failure = try failure(of: replay, at: "timer", 936 + 8000 + 866)
    #expect(failure.cause == .noProgress && failure.finding?.kind == .crashing)
  }

  /// Recreate is refused before a patch; if somebody switches to it meanwhile the wait still ends rightly. Event 5 has
  /// no pod at all and is not complete, since 2 are wanted; event 9 is, once the last pod (pods 18) is seen as ready.
  @Test func recreateIsWaitedForToo() throws {
    let replay = try play("o-recreate", generation: 2)
    expectReady(replay, at: "timer", 866 + 2000)
  }

  /// `kubectl rollout undo`: the template goes back and the old ReplicaSet's revision is raised to the newest.
  /// Complete at event 12; event 13 only counts terminating pods and does not disturb the soak.
  @Test func anUndoIsARolloutLikeAnyOther() throws {
    let replay = try play("p-kubectl-undo", generation: 3)
    expectReady(replay, at: "timer", 1313 + 2000)
    #expect(replay.told.first { $0.progress.phase == .soaking }?.place == "deployments 12")
    #expect(replay.ending?.last.pods.map(\.name) == ["hello-bbd8bb57b-fvl8g", "hello-bbd8bb57b-xsw5j"])
  }

  /// An annotation alone bumps the generation and rolls nothing: complete as soon as it is observed (event 1), whose
  /// watch has neither pods nor the ReplicaSet's past. Bookmarks later change nothing.
  @Test func anAnnotationOnlyChangeIsReadyWhenObserved() throws {
    let replay = try play("q-bookmarks", generation: 2, settings: RolloutSettings(soak: .zero))
    expectReady(replay, at: "deployments 1", 5079)
  }

  /// Watched by the Deployment alone, from the patch's resourceVersion: the counts are enough for a verdict.
  @Test func theDeploymentAloneIsEnough() throws {
    let replay = try play("r-watch-from-patch-rv", generation: 2)
    expectReady(replay, at: "timer", 879 + 2000)
  }

  /// A patch that changed nothing keeps the generation: ready without any further event.
  @Test func aPatchThatChangedNothingIsReady() throws {
    var recorded = try RecordedCase("b-imagepullbackoff")
    recorded.items.removeAll { $0.ms > 300 }
    let replay = try Replay(recorded, generation: 1, horizon: .seconds(5))
    expectReady(replay, at: "timer", 7 + 2000)
  }
}
