internal import KubernetesObjects
internal import Logging
internal import RollbackMessages
internal import RolloutCore

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// Carries one operation to its end on this host: performs what the operation's machine and the rollout's verdict
/// decide.
///
/// Every request runs as a child task that posts its answer to the mailbox; the loop here only takes answers out, asks
/// the machines, and begins the next requests. Whoever watches does so through the feed: nothing waits for a client.
struct OperationRunner<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  let operation: Operation
  let cluster: any Cluster
  let registry: (any ImageRegistry)?
  let store: any OperationStore
  let timing: OperationTiming
  let clock: C
  /// The time of day, for frames.
  let wallClock: @Sendable () -> RollbackMessages.Timestamp
  let log: Logger
  let mailbox: OperationMailbox

  /// Runs until the outcome is written, the lease is another's, or the task is cancelled.
  func run() async -> OperationRunnerEnd {
    let (end, mustRelease) = await withTaskGroup(of: Void.self) { group in
      let writer = FrameWriter(
        feed: operation.feed, lease: operation.lease, store: store, clock: clock, log: log,
        retryDelay: timing.retryDelay, whenDelayed: { [mailbox] in mailbox.post(.event(.recordChanged)) })
      group.addTask { await writer.run(from: operation.firstSequence) }
      var course = OperationCourse(operation, timing: timing, at: clock.now)
      perform(course.machine.begin(at: clock.now), &course, &group)
      while course.ending == nil, !Task.isCancelled {
        advance(&course, &group)
        if course.ending != nil { break }
        let batch = await mailbox.next(until: course.nextInstant(after: clock.now), clock: clock)
        #if ROLLBACKD_FAILPOINTS
          do throws(FailpointError) {
            if course.verdict != nil, !batch.observations.isEmpty { try await Failpoint.watching.reach() }
          } catch {
            mailbox.post([.unreachable("\(error)"), .reachable])
          }
        #endif
        take(batch, &course, &group)
      }
      group.cancelAll()
      return (course.ending ?? .leftToOthers, course.mustRelease)
    }
    // Nothing of ours runs any more.
    if mustRelease { await release() }
    operation.feed.end()
    return end
  }

  // MARK: Taking in

  private func take(
    _ batch: OperationMailbox.Batch, _ course: inout OperationCourse, _ group: inout TaskGroup<Void>
  ) {
    for answer in batch.answers {
      if case .registryAnswered(let image, let opinion) = answer {
        judge([.registryAnswered(image: image, opinion)], &course, &group)
        continue
      }
      if let event = course.take(answer, feed: operation.feed, at: wallClock) {
        perform(course.machine.handle(event, at: clock.now), &course, &group)
      }
    }
    let observations = batch.observations.map(RolloutEvent.init)
    if !observations.isEmpty { judge(observations, &course, &group) }
  }

  /// Lets the timers that are due fire, and sends the progress that is.
  private func advance(_ course: inout OperationCourse, _ group: inout TaskGroup<Void>) {
    let now = clock.now
    if let wake = course.machineWake, wake <= now {
      course.machineWake = nil
      perform(course.machine.handle(.timer, at: now), &course, &group)
    }
    if let wake = course.verdictWake, wake <= now {
      course.verdictWake = nil
      judge([.timer], &course, &group)
    }
    guard !course.isWriting, let progress = course.pace.take(at: now) else { return }
    operation.feed.publish(.progress(progress), at: wallClock())
  }

  private func judge(
    _ events: [RolloutEvent], _ course: inout OperationCourse, _ group: inout TaskGroup<Void>
  ) {
    guard let step = course.verdict?.handle(events, at: clock.now) else { return }
    switch step {
    case .wait(let wait):
      course.verdictWake = wait.until
      for image in wait.askRegistry { group.addTask { await askRegistry(about: image) } }
      guard let progress = wait.progress else { return }
      course.note(progress, elapsed: elapsed)
    case .end(let outcome, let last):
      course.endedAt = course.verdict?.readySince.map { operation.startedAt.duration(to: $0) } ?? elapsed
      course.verdict = nil
      course.verdictWake = nil
      course.last = last
      gatherEvidence(for: outcome, &course, &group)
    }
  }

  /// A failure is explained before it is recorded; anything else is recorded at once.
  private func gatherEvidence(
    for outcome: RolloutCore.RolloutOutcome, _ course: inout OperationCourse, _ group: inout TaskGroup<Void>
  ) {
    switch outcome {
    case .failed(let failure), .timedOut(let failure):
      course.explaining = outcome
      group.addTask { mailbox.post(.evidence(await explain(failure))) }
    case .ready, .superseded, .deleted:
      perform(course.machine.handle(.verdict(outcome), at: clock.now), &course, &group)
    }
  }

  // MARK: Acting

  private func perform(
    _ actions: [OperationAction], _ course: inout OperationCourse, _ group: inout TaskGroup<Void>
  ) {
    for action in actions {
      switch action {
      case .claimLease:
        // The supervisor claimed it when it found the operation, and learned whether somebody wants it to end.
        mailbox.post(
          .event(.leaseClaimed(fence: operation.lease.fencingToken, sentAt: operation.lease.askedAt)))
        if let wish = operation.cancellation { mailbox.post(.cancelled(wish)) }
      case .renewLease:
        group.addTask { await renewLease() }
      case .releaseLease:
        // Done when nothing of ours runs any more.
        course.mustRelease = true
      case .readDeployment:
        let known = course.takeKnownDeployment()
        let revert = course.isReverting ? course.revert : nil
        group.addTask { await readDeployment(known: known, revert: revert) }
      case .patch(let patch):
        group.addTask { await send(patch) }
      case .fence(let patch):
        group.addTask { await fence(patch) }
      case .startWaiting:
        startWaiting(&course, &group)
      case .stopWaiting:
        course.endFollower()
        course.verdict = nil
        course.verdictWake = nil
      case .recordRevert(let failure, _):
        course.endFollower()
        let record = RevertRecord(failure, failedImage: course.patched?.receipt.image ?? operation.plan.image)
        course.revert = record
        group.addTask { await recordRevert(record) }
      case .writeOutcome(let outcome, _):
        let ended = ended(outcome, course)
        let sequence = operation.feed.nextSequence
        // From here to the answer no frame is published, so that the last one has the highest number.
        course.isWriting = true
        course.lastSequences.insert(sequence)
        let own = course.lastSequences
        group.addTask { await write(ended, sequence: sequence, own: own) }
      case .tell(let notice):
        if !course.isWriting { tell(notice, isReverting: course.isReverting) }
      case .wake(let instant):
        course.machineWake = instant
      case .end(let ending):
        course.ending =
          if ending == .settled, let finished = course.finished { .finished(finished) } else { .leftToOthers }
      }
    }
  }

  private func startWaiting(_ course: inout OperationCourse, _ group: inout TaskGroup<Void>) {
    guard let answer = course.patched else { return }
    let timeout = Duration.microseconds(operation.plan.timeout)
    let soak = Duration.microseconds(operation.plan.soak)
    let askedTimeout = course.isReverting ? timing.revertTimeout(of: timeout) : timeout
    let least = operation.isTakeover ? soak + OperationTiming.look : .zero
    let settings = RolloutSettings(
      soak: soak, timeout: course.isReverting ? askedTimeout : max(timeout - elapsed, least),
      askedTimeout: askedTimeout,
      failFast: operation.plan.failFast, acceptedDigests: acceptedDigests(isReverting: course.isReverting),
      diagnosis: DiagnosisSettings(pullPersistence: timing.pullPatience))
    course.verdict = RolloutVerdict(answer.receipt, settings: settings, at: clock.now)
    let end = course.makeFollower()
    group.addTask { [cluster, mailbox] in
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await cluster.follow(answer.deployment, into: mailbox) }
        group.addTask { for await _ in end {} }
        await group.next()
        group.cancelAll()
      }
    }
    judge([.deployment(answer.deployment)], &course, &group)
  }

  /// The digest that the pods of the image must have which is rolled out, where it is known.
  func digest(isReverting: Bool) -> String? {
    guard isReverting else { return operation.deploy.imageDigest.isEmpty ? nil : operation.deploy.imageDigest }
    return operation.plan.revertImage.flatMap { ImageReference($0) }?.digest
  }

  /// What pods may report for the image: its own digest or, for an index, that of a platform.
  private func acceptedDigests(isReverting: Bool) -> Set<String> {
    guard let digest = digest(isReverting: isReverting) else { return [] }
    return Set(isReverting ? [] : operation.plan.platformDigests ?? []).union([digest])
  }

  private func tell(_ notice: OperationNotice, isReverting: Bool) {
    let phase: RolloutPhase
    switch notice {
    case .databaseUnavailable, .apiServerUnavailable, .apiServerBusy, .patchUnknown, .leaseLapsed: phase = .unreachable
    case .reverting: phase = .reverting
    case .takenOver, .databaseBack, .patchConflict, .patchFoundApplied: phase = isReverting ? .reverting : .patching
    }
    log.notice("\(notice.sentence)")
    operation.feed.publish(
      .progress(RollbackMessages.RolloutProgress(phase: phase, message: notice.sentence, elapsed: elapsed)),
      at: wallClock())
  }

  var elapsed: Duration { operation.startedAt.duration(to: clock.now) }
}

extension OperationNotice {
  /// For the operation's watchers.
  var sentence: String {
    switch self {
    case .takenOver: "continued on this host"
    case .databaseUnavailable: "PostgreSQL unreachable; the rollout goes on, and its record is written when it is back"
    case .databaseBack: "PostgreSQL is back"
    case .leaseLapsed: "the lease could not be renewed in time; nothing more is changed in the cluster until it is"
    case .apiServerUnavailable: "API server unreachable, trying again"
    case .apiServerBusy(let wait): "the API server asks for \(wait.inWords) of patience; trying again then"
    case .patchConflict(let attempt): "the deployment changed meanwhile; reading it again (conflict \(attempt))"
    case .patchUnknown: "whether the patch was applied is not known; reading the deployment to find out"
    case .patchFoundApplied: "the patch is in the cluster already"
    case .reverting(let why): "\(why); putting the image back that ran before"
    }
  }
}
