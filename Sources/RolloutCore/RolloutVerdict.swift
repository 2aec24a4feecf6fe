import KubernetesObjects

/// Decides whether the rollout that a patch set off is ready, failed, superseded, deleted or timed out.
///
/// A pure state machine: objects, reachability and time come in as events, each with the instant at which it arrived;
/// out comes one step. It holds no clock and does no I/O.
///
/// How a runner drives it:
/// 1. PATCH the Deployment; make a `PatchReceipt` of the answer and its `Date` header.
/// 2. `var verdict = RolloutVerdict(receipt, settings: settings, at: now)`.
/// 3. Feed the answer itself and everything that the caches know already in one batch:
///    `verdict.handle([.deployment(answer), .replicaSet(…), …, .pod(…), …], at: now)`.
/// 4. Do what the step says: store and send `progress`, ask the registry, hold *one* timer for `until`.
/// 5. Feed each later object, and `.timer` when the timer fires, one by one; go on until `.end`.
///
/// After a takeover nothing of the earlier holder's memory is needed: read the Deployment, make the receipt from it
/// (with the stored `Date` if there is one), and begin at 2.
///
/// The rules are those of sections 1 to 4 of the design's page on rollouts. In short: nothing is judged before
/// `observedGeneration` has caught up; the counts decide, never a condition; `ProgressDeadlineExceeded` counts only
/// when it cannot be left over from the deploy before; an autoscaler's change bumps the generation and supersedes
/// nothing; what cannot be seen because the API server is away is not held against the rollout.
public struct RolloutVerdict: Sendable {
  public typealias Instant = ContinuousClock.Instant

  /// At most this many events are kept as evidence, the newest.
  public static let evidenceLimit = 20
  /// At most this many pods are named in a progress, and this many findings; frames are small.
  public static let podLimit = 50
  public static let findingLimit = 10
  /// What is added to the Deployment's own deadline before our timer says the same: the controller was seen to be up
  /// to 0.9 s late.
  static let deadlineGrace = Duration.seconds(5)

  let receipt: PatchReceipt
  let settings: RolloutSettings
  let startedAt: Instant

  // What is known of the cluster.
  var deployment: Deployment?
  var replicaSets: [String: ReplicaSet] = [:]
  var pods: [String: PodDiagnosis] = [:]
  var events: [String: Event] = [:]
  var opinions: [String: RegistryOpinion] = [:]
  var askedAbout: Set<String> = []

  // What follows from it, kept because every event asks for it.
  /// The ReplicaSet of our template, once it is known for certain.
  var newest: ReplicaSet?
  /// The pods of our template that stay, in the order of their names.
  var newPods: [NewPod] = []
  /// Whether the two above must be worked out again.
  var isMembershipStale = false

  // What must be remembered between events.
  /// Whether the Progressing condition was seen, of our generation, to be anything but `ProgressDeadlineExceeded`.
  var sawOtherCondition = false
  /// When a `ProgressDeadlineExceeded` of the deploy before was written, where one was seen.
  var leftOverDeadline: Timestamp?
  var best: Best?
  var lastProgressAt: Instant
  var soak: Soak?
  var unreachableSince: Instant?
  var lastTold: RolloutProgress?
  var lastToldAt: Instant
  var ended: RolloutStep?

  /// The best numbers so far. What only returns to where it was is no progress: a pod that becomes ready and crashes
  /// in turns must not keep the deadline away.
  struct Best: Hashable, Sendable {
    var updated: Int
    var old: Int
    var ready: Int
    var available: Int
    var desired: Int
  }

  /// Since when everything has been ready, and how often the new pods had restarted then.
  struct Soak: Hashable, Sendable {
    var since: Instant
    var restarts: [String: Int]
  }

  /// Since when everything has been ready, while it is.
  public var readySince: Instant? { soak?.since }

  /// Begins to wait.
  /// - Parameter now: when the patch was answered; timeouts count from here.
  public init(_ receipt: PatchReceipt, settings: RolloutSettings = RolloutSettings(), at now: Instant) {
    self.receipt = receipt
    self.settings = settings
    startedAt = now
    lastProgressAt = now
    lastToldAt = now
  }

  /// Takes one event in and says what to do.
  public mutating func handle(_ event: RolloutEvent, at now: Instant) -> RolloutStep {
    handle(CollectionOfOne(event), at: now)
  }

  /// Takes several events in that arrived together (a list, a batch) and judges once, at the end.
  public mutating func handle(_ events: some Collection<RolloutEvent>, at now: Instant) -> RolloutStep {
    if let ended { return ended }
    for event in events {
      if let outcome = take(event, at: now) { return end(outcome, at: now) }
    }
    return judge(at: now)
  }

  private mutating func end(_ outcome: RolloutOutcome, at now: Instant) -> RolloutStep {
    updateMembership(at: now)
    var last = progress(findings: findings, at: now)
    last.phase = .ended
    last.waitingFor = ""
    let step = RolloutStep.end(outcome, last)
    ended = step
    return step
  }

  /// Judges what is known now.
  private mutating func judge(at now: Instant) -> RolloutStep {
    updateMembership(at: now)
    let findings = findings
    updateSoak(at: now)
    if let outcome = outcome(findings: findings, at: now) { return end(outcome, at: now) }

    let current = progress(findings: findings, at: now)
    var wait = RolloutStep.Wait(progress: nil, isHeartbeat: false, askRegistry: [], until: now)
    if current != lastTold {
      wait.progress = current
    } else if now >= lastToldAt.advanced(by: settings.heartbeat) {
      wait.progress = current
      wait.isHeartbeat = true
    }
    if let told = wait.progress {
      lastTold = told
      lastToldAt = now
    }
    wait.askRegistry = newQuestions()
    wait.until = nextWakeUp(after: now)
    return .wait(wait)
  }

  private func outcome(findings: [PodFinding], at now: Instant) -> RolloutOutcome? {
    if let soak, unreachableSince == nil, hasCaughtUp, now >= soak.since.advanced(by: soakTime) { return .ready(proof) }
    if now >= startedAt.advanced(by: settings.timeout) {
      return .timedOut(failure(.timedOut, findings: findings, at: now))
    }
    // Without the API server what is known may be old: neither success nor failure is concluded from it.
    guard unreachableSince == nil, let deployment else { return nil }
    if hasCaughtUp {
      if settings.failFast, let worst = findings.first, worst.level == .doomed {
        return .failed(failure(.doomed, findings: findings, at: now))
      }
      if soak != nil { return nil }
      if isDeadlineTrusted(deployment) {
        return .failed(failure(.progressDeadlineExceeded, findings: findings, at: now))
      }
    }
    if let deadline = progressDeadline, now >= deadline {
      return .failed(failure(.noProgress, findings: findings, at: now))
    }
    return nil
  }

  private func nextWakeUp(after now: Instant) -> Instant {
    var instants = [startedAt.advanced(by: settings.timeout), lastToldAt.advanced(by: settings.heartbeat)]
    if unreachableSince == nil {
      if let soak {
        instants.append(soak.since.advanced(by: soakTime))
      } else if let progressDeadline {
        instants.append(progressDeadline)
      }
      instants += newPods.compactMap(\.nextChange)
    }
    return instants.min() ?? now
  }

  /// Images that pods reported missing and nobody was asked about yet.
  private mutating func newQuestions() -> [String] {
    let troubled = newPods.filter { pod in
      pod.findings.contains { $0.kind == .imageMissing || $0.kind == .imageRefused }
    }
    let images = Set(troubled.flatMap { pods[$0.uid]?.imagesReportedMissing ?? [] }).subtracting(askedAbout)
    askedAbout.formUnion(images)
    return images.sorted()
  }
}
