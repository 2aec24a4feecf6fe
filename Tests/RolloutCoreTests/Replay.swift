import KubernetesObjects
import RolloutCore

/// Plays a recorded case to a verdict: everything from before the patch as one batch, then event by event, with the
/// one timer fired whenever it is due before the next event. Holds the clock; nothing sleeps.
struct Replay {
  /// What came out, and at which event.
  struct Ending {
    var outcome: RolloutOutcome
    /// `deployments 16`, or `timer` when time alone decided.
    var place: String
    /// Milliseconds since the watches began.
    var ms: Int
    var last: RolloutProgress
  }

  var ending: Ending?
  /// Every frame that was told, with its place.
  var told: [(place: String, ms: Int, progress: RolloutProgress, isHeartbeat: Bool)] = []
  /// Questions to the registry, with their place.
  var asked: [(place: String, image: String)] = []

  var sentences: [String] { told.map(\.progress.waitingFor) }

  /// - Parameters:
  ///   - generation: of the patch's answer, which is the first event with that generation.
  ///   - horizon: how long after the last recorded event time goes on, with nothing new seen.
  ///   - registry: what the registry answers when asked, at once; nil when nobody answers.
  ///   - insert: further events, by their milliseconds.
  init(
    _ recorded: RecordedCase, generation: Int, settings: RolloutSettings = RolloutSettings(),
    horizon: Duration = .zero, registry: RegistryOpinion? = nil, insert: [(ms: Int, event: RolloutEvent)] = []
  ) throws {
    let origin = ContinuousClock.now
    func instant(_ ms: Int) -> ContinuousClock.Instant { origin.advanced(by: .milliseconds(ms)) }

    guard
      let start = recorded.items.firstIndex(where: { $0.deployment?.metadata.generation == generation }),
      let answer = recorded.items[start].deployment,
      let receipt = PatchReceipt(
        answer: answer, container: "hello", serverDate: recorded.items[start].specChangedAt)
    else { throw NoSuchPatch() }

    var verdict = RolloutVerdict(receipt, settings: settings, at: instant(recorded.items[start].ms))
    var place = recorded.items[start].place
    var ms = recorded.items[start].ms
    var wake = instant(ms)

    func process(_ step: RolloutStep, _ replay: inout Replay) {
      switch step {
      case .wait(let wait):
        precondition(wait.until > instant(ms), "a timer in the past would spin")
        wake = wait.until
        if let progress = wait.progress { replay.told.append((place, ms, progress, wait.isHeartbeat)) }
        for image in wait.askRegistry {
          replay.asked.append((place, image))
          if let registry {
            process(verdict.handle(.registryAnswered(image: image, registry), at: instant(ms)), &replay)
          }
        }
      case .end(let outcome, let progress):
        replay.ending = replay.ending ?? Ending(outcome: outcome, place: place, ms: ms, last: progress)
      }
    }
    /// Fires the timer as often as it is due before `end`.
    func runTimer(until end: Int, _ replay: inout Replay) {
      while replay.ending == nil, wake <= instant(end) {
        place = "timer"
        ms = Int(origin.duration(to: wake) / .milliseconds(1))
        process(verdict.handle(.timer, at: wake), &replay)
      }
    }

    let before = recorded.items[..<start].compactMap(\.event).filter { event in
      if case .deployment = event { false } else { true }
    }
    process(verdict.handle(before + [.deployment(answer)], at: instant(ms)), &self)
    var later = recorded.items[(start + 1)...].map { (ms: $0.ms, place: $0.place, event: $0.event) }
    later += insert.map { (ms: $0.ms, place: "inserted", event: $0.event) }
    for item in later.sorted(by: { $0.ms < $1.ms }) where ending == nil {
      runTimer(until: item.ms, &self)
      guard ending == nil, let event = item.event else { continue }
      place = item.place
      ms = item.ms
      process(verdict.handle(event, at: instant(ms)), &self)
    }
    let last = max(ms, recorded.items.last?.ms ?? 0)
    runTimer(until: last + Int(horizon / .milliseconds(1)), &self)
  }

  struct NoSuchPatch: Error {}
}
