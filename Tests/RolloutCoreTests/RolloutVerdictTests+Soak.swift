import KubernetesObjects
import RolloutCore
import Testing

/// How long everything must stay ready, and what is seen while the API server is away.
extension RolloutVerdictTests {
  @Test func aRestartInTheSoakStartsItAnewEvenWhenTheCountsStay() throws {
    var verdict = try verdict()
    let events: [RolloutEvent] = [
      .deployment(Objects.deployment()), .replicaSet(Objects.replicaSet()), .pod(Objects.pod(Objects.running())),
    ]
    #expect(try wait(verdict.handle(events, at: at(0))).until == at(2))
    let restarted = Objects.pod(Objects.running(restarts: 1, lastExit: Objects.exit(1)))
    #expect(try wait(verdict.handle(.pod(restarted), at: at(1))).until == at(3))
    #expect(outcome(verdict.handle(.timer, at: at(2))) == nil)
    #expect(outcome(verdict.handle(.timer, at: at(3))) == .ready(nil))
  }

  /// Fifteen minutes of a soak are no fifteen minutes without progress.
  @Test func aLongSoakThatBreaksLeavesTheWholeDeadlineToRecover() throws {
    var verdict = try verdict(RolloutSettings(soak: .seconds(1200), timeout: .seconds(3600)))
    let running: [RolloutEvent] = [
      .deployment(Objects.deployment()), .replicaSet(Objects.replicaSet()), .pod(Objects.pod(Objects.running())),
    ]
    _ = verdict.handle(running, at: at(0))
    let unready = Objects.pod(Objects.running(ready: false))
    #expect(outcome(verdict.handle(.pod(unready), at: at(900))) == nil)
    #expect(outcome(verdict.handle(.timer, at: at(900 + 604))) == nil)
    #expect(outcome(verdict.handle(.timer, at: at(900 + 605))) != nil)
  }

  /// Whoever looks only when the time is over must not take what is there for what is not.
  @Test func whatIsReadyWhenTheTimeIsOverIsReady() throws {
    var verdict = try verdict(RolloutSettings(soak: .seconds(2), timeout: .seconds(2)))
    #expect(try wait(verdict.handle(.deployment(Objects.deployment()), at: at(0))).until == at(2))
    #expect(verdict.readySince == at(0))
    #expect(outcome(verdict.handle(.timer, at: at(9))) == .ready(nil))
  }

  @Test func theSoakDoesNotEndWhileNobodyCanSee() throws {
    var verdict = try verdict()
    _ = verdict.handle(.deployment(Objects.deployment()), at: at(0))
    let blind = try wait(verdict.handle(.apiServerUnreachable, at: at(1)))
    #expect(blind.progress?.waitingFor == "API server unreachable for 0 s, the rollout goes on")
    #expect(outcome(verdict.handle(.timer, at: at(5))) == nil)
    #expect(try wait(verdict.handle(.apiServerReachable, at: at(8))).until == at(10))
    #expect(outcome(verdict.handle(.timer, at: at(10))) == .ready(nil))
  }

  /// The news that it was away and that it is back may come together.
  @Test func theSoakBeginsAnewHoweverTheBlindnessIsTold() throws {
    var verdict = try verdict()
    _ = verdict.handle(.deployment(Objects.deployment()), at: at(0))
    let step = verdict.handle([.apiServerUnreachable, .apiServerReachable], at: at(1))
    #expect(try wait(step).until == at(3))
    #expect(outcome(verdict.handle(.timer, at: at(2))) == nil)
  }

  @Test func persistenceDoesNotRunOnWhileNobodyCanSee() throws {
    var verdict = try verdict()
    let pulling = Objects.pod(Objects.waiting("ErrImagePull", "503"), phase: "Pending")
    _ = verdict.handle(
      [.deployment(Objects.deployment(updated: 1, old: 1)), .replicaSet(Objects.replicaSet()), .pod(pulling)],
      at: at(0))
    _ = verdict.handle(.apiServerUnreachable, at: at(10))
    #expect(outcome(verdict.handle(.apiServerReachable, at: at(110))) == nil)
    #expect(outcome(verdict.handle(.timer, at: at(129))) == nil)
    #expect(outcome(verdict.handle(.timer, at: at(130))) != nil)
  }
}
