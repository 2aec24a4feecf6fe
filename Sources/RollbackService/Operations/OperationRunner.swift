internal import KubernetesObjects
internal import Logging
internal import RollbackMessages
internal import RolloutCore

/// Carries one operation to its end: patch, wait, explain, write the outcome.
///
/// The decisions are `ImagePatch`'s and `RolloutVerdict`'s; here is what acts on them. Whoever watches does so through
/// the feed: nothing here waits for a client.
struct OperationRunner<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  let operation: Operation
  let cluster: any Cluster
  let store: any OperationStore
  let timing: OperationTiming
  let clock: C
  /// The time of day, for frames.
  let wallClock: @Sendable () -> RollbackMessages.Timestamp
  let log: Logger
  let mailbox: ObservationMailbox

  /// How the run ended on this host.
  enum End: Sendable {
    /// The outcome is written.
    case finished(RolloutFinished)
    /// Another host has the operation, or will take it.
    case leftToOthers
  }

  /// What stands at the end of the wait.
  struct Conclusion: Sendable {
    var outcome: RollbackMessages.RolloutOutcome
    var message: String
    var replicas = Replicas()
    var timeToReady: Duration?
    var failure: RolloutFailure?
    var proof: ImageProof?
  }

  /// Runs to the end; ends early, without an outcome, only when the lease is lost or handed over.
  func run() async -> End {
    let keeper = LeaseKeeper(
      operation.lease, duration: timing.leaseDuration, store: store, clock: clock, mailbox: mailbox, log: log)
    let writer = FrameWriter(
      feed: operation.feed, lease: { keeper.lease }, store: store, clock: clock, log: log,
      retryDelay: timing.retryDelay)
    let end = await withTaskGroup(of: Void.self) { group in
      group.addTask { await keeper.run() }
      group.addTask { await writer.run(from: operation.firstSequence) }
      let end = await carryOut(keeper)
      group.cancelAll()
      return end
    }
    operation.feed.end()
    return end
  }

  private func carryOut(_ keeper: LeaseKeeper<C>) async -> End {
    switch await patch(keeper) {
    case .concluded(let conclusion): return await finish(conclusion, keeper)
    case .abandoned: return .leftToOthers
    case .applied(let receipt, let deployment):
      return await withTaskGroup(of: Void.self) { group in
        group.addTask {
          await cluster.follow(
            receipt, of: operation.app.deployment, in: operation.app.namespace, into: mailbox)
        }
        defer { group.cancelAll() }
        guard let conclusion = await wait(receipt, deployment) else {
          if keeper.mayAct { await release(keeper) }
          return .leftToOthers
        }
        return await finish(conclusion, keeper)
      }
    }
  }

  /// Hands the lease over at once; where the database cannot be told, the lease runs out by itself.
  private func release(_ keeper: LeaseKeeper<C>) async {
    do {
      try await store.release(keeper.lease)
    } catch {
      log.warning("the lease could not be handed over and will run out", metadata: ["cause": "\(error)"])
    }
  }

  // MARK: Telling

  var elapsed: Duration { operation.startedAt.duration(to: clock.now) }

  func tell(_ phase: RolloutPhase, _ message: String) {
    let progress = RollbackMessages.RolloutProgress(
      phase: phase, replicas: operation.deploy.replicas, message: message, elapsed: elapsed)
    operation.feed.publish(.progress(progress), at: wallClock())
  }

  func pause() async {
    // Ends early only when cancelled; whoever loops looks at the mailbox and the task.
    try? await clock.sleep(until: clock.now.advanced(by: timing.retryDelay), tolerance: nil)
  }
}
