internal import KubernetesObjects
internal import RollbackMessages
internal import RolloutCore

/// Where an operation stands while it is carried out: its machines, and what they have said so far. No I/O.
struct OperationCourse: ~Copyable {
  typealias Instant = ContinuousClock.Instant

  /// What the API server answered to our patch, or what was found to carry it.
  struct Patched: Sendable {
    var receipt: PatchReceipt
    var deployment: Deployment
  }

  var machine: OperationStateMachine
  var verdict: RolloutVerdict?
  var pace: ProgressPace
  var machineWake: Instant?
  var verdictWake: Instant?
  /// The Deployment as the request's check read it: good for the first decision, because the patch is guarded by its
  /// resourceVersion.
  private var known: Deployment?
  private(set) var patched: Patched?
  private let container: String

  /// Written down, or about to be: the image of before is put back.
  var revert: RevertRecord?
  /// Ends the watching of the cluster that belongs to the verdict.
  private var follower: AsyncStream<Never>.Continuation?

  /// Who wants it to end.
  private(set) var cancellation: Cancellation?
  /// The verdict that waits for its evidence.
  var explaining: RolloutCore.RolloutOutcome?
  private(set) var evidence: Diagnosis?
  /// The last numbers.
  var last: RolloutCore.RolloutProgress?
  /// From the request until the verdict's cause.
  var endedAt: Duration?
  var isWriting = false
  /// The numbers that the last frame would have had at each try to write it.
  var lastSequences: Set<UInt64> = []
  var mustRelease = false
  private(set) var finished: RolloutFinished?
  var ending: OperationRunnerEnd?

  init(_ operation: Operation, timing: OperationTiming, at now: Instant) {
    let timeout = Duration.microseconds(operation.plan.timeout)
    let settings = OperationSettings(
      leaseLength: timing.leaseDuration, timeout: timeout, revertsOnFailure: operation.plan.revertImage != nil,
      revertTimeout: timing.revertTimeout(of: timeout), look: OperationTiming.look)
    revert = operation.revert
    if operation.isTakeover {
      machine = OperationStateMachine(
        resuming: operation.plan.deploymentUID, reverting: operation.revert.map(RolloutCore.OperationOutcome.init),
        age: operation.startedAt.duration(to: now), settings: settings, at: now)
    } else {
      machine = OperationStateMachine(
        created: operation.lease.fencingToken, sentAt: operation.lease.askedAt,
        uid: operation.deployment?.metadata.uid, settings: settings, at: now)
    }
    pace = ProgressPace(interval: timing.progressInterval)
    known = operation.deployment
    container = operation.app.container
  }

  /// When something is to be done even if nothing comes; an hour after `now` at the latest.
  func nextInstant(after now: Instant) -> Instant {
    let instants = [machineWake, verdictWake, isWriting ? nil : pace.nextDue].compactMap { $0 }
    return instants.min() ?? now.advanced(by: .seconds(3600))
  }

  /// Whether it is the image of before that is rolled out.
  var isReverting: Bool { machine.reverting != nil }

  /// The cluster is watched for a verdict until this ends: at once where another one begins.
  mutating func makeFollower() -> AsyncStream<Never> {
    endFollower()
    let (end, continuation) = AsyncStream.makeStream(of: Never.self)
    follower = continuation
    return end
  }

  mutating func endFollower() {
    follower?.finish()
    follower = nil
  }

  /// The Deployment that was read already; only once.
  mutating func takeKnownDeployment() -> Deployment? {
    defer { known = nil }
    return known
  }

  /// Keeps what came with an answer; returns the event that it means for the machine.
  mutating func take(
    _ answer: OperationAnswer, feed: RolloutFeed, at wallClock: () -> RollbackMessages.Timestamp
  ) -> OperationEvent? {
    switch answer {
    case .event(let event): return event
    case .cancelled(let wish):
      cancellation = cancellation ?? wish
      return .cancelRequested(by: wish.words)
    case .read(let reading, let deployment):
      if case .decision(.alreadyApplied) = reading.finding, let deployment,
        let receipt = PatchReceipt(answer: deployment, container: container, serverDate: nil)
      {
        patched = Patched(receipt: receipt, deployment: deployment)
      }
      return .deploymentRead(reading)
    case .patched(let receipt, let deployment):
      patched = Patched(receipt: receipt, deployment: deployment)
      return .patched
    case .registryAnswered:
      // For the verdict alone.
      return nil
    case .evidence(let diagnosis):
      // A revert that fails too does not hide why there was one.
      evidence = evidence ?? diagnosis
      defer { explaining = nil }
      return explaining.map(OperationEvent.verdict)
    case .written(let finished):
      self.finished = finished
      feed.publish(.finished(finished), at: wallClock())
      return .outcomeWritten
    case .unwritten:
      isWriting = false
      return .outcomeUnwritten
    }
  }

  /// Takes in what the verdict has to tell.
  mutating func note(_ progress: RolloutCore.RolloutProgress, elapsed: Duration) {
    last = progress
    pace.offer(RolloutWords.progress(progress, elapsed: elapsed, isReverting: isReverting))
  }
}

/// How an operation's run ended on this host.
enum OperationRunnerEnd: Sendable {
  /// The outcome is written.
  case finished(RolloutFinished)
  /// Another host has the operation, or will take it.
  case leftToOthers
}
