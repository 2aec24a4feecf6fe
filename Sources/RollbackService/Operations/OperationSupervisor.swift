internal import KubernetesObjects
internal import Locking
internal import Logging
internal import RollbackMessages
internal import RolloutCore

/// Owns every operation that runs on this host, and takes over those whose holder is gone.
///
/// `run()` is where they live: when it returns none is left. Graceful shutdown hands the leases over so that another
/// host goes on at once: it is told by a notification, and looks by itself three times in a lease's length.
final class OperationSupervisor<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  private let store: any OperationStore
  private let cluster: any Cluster
  private let registry: (any ImageRegistry)?
  private let timing: OperationTiming
  private let clock: C
  private let wallClock: @Sendable () -> RollbackMessages.Timestamp
  private let log: Logger
  private let statistics: RolloutStatistics
  private let starts: AsyncStream<Operation>
  private let start: AsyncStream<Operation>.Continuation
  private let untilStop: AsyncStream<Never>
  private let stopListening: AsyncStream<Never>.Continuation
  private let state = Locked(State())
  /// Who waits here for what becomes of deploys, wherever they run.
  let board = SignalBoard()

  private struct State {
    var running: [String: Running] = [:]
    var isStopping = false
  }

  /// An operation on this host, as others may see it.
  struct Running: Sendable {
    let operation: Operation
    let mailbox: OperationMailbox
  }

  init(
    store: any OperationStore, cluster: any Cluster, registry: (any ImageRegistry)?, timing: OperationTiming, clock: C,
    wallClock: @escaping @Sendable () -> RollbackMessages.Timestamp, statistics: RolloutStatistics, log: Logger
  ) {
    self.store = store
    self.cluster = cluster
    self.registry = registry
    self.timing = timing
    self.clock = clock
    self.wallClock = wallClock
    self.statistics = statistics
    self.log = log
    // Bounded by what may run at all: the database admits one operation an app.
    (starts, start) = AsyncStream.makeStream(of: Operation.self)
    (untilStop, stopListening) = AsyncStream.makeStream(of: Never.self)
  }

  /// Runs operations until ``stop()``; returns when each of them has ended or is handed over.
  ///
  /// Handing over is a request to the database: whoever cancels this task does not wait for it, and the leases run out.
  func run() async {
    await withTaskGroup(of: Void.self) { watchers in
      watchers.addTask { await self.takeOver() }
      watchers.addTask { await self.listen() }
      await withDiscardingTaskGroup { group in
        for await operation in starts {
          group.addTask {
            guard let running = self.register(operation) else { return await self.giveBack(operation) }
            await self.carryOut(running)
          }
        }
      }
      watchers.cancelAll()
    }
  }

  /// Begins to carry an operation out; its feed may be watched from now on. Where the supervisor has stopped the lease
  /// is given back, and another host goes on.
  ///
  /// Of two of one deploy the one with the newer lease stays: the answer to a commit may come so late that the lease that
  /// it took has run out and was claimed again, by this very host. Whoever watches is led to the feed of that one.
  func begin(_ operation: Operation) async {
    let isNewest = state.withLock { state in
      if let other = state.running[operation.deploy.id]?.operation,
        other.lease.fencingToken >= operation.lease.fencingToken
      {
        return false
      }
      state.running[operation.deploy.id] = Running(operation: operation, mailbox: OperationMailbox())
      return true
    }
    guard isNewest else { return operation.feed.end() }
    // Who watches it as another host's follows it here from now on.
    board.ring(.deploy(operation.deploy.id))
    if case .terminated = start.yield(operation) { await giveBack(operation) }
  }

  /// Hands over what runs and lets ``run()`` return.
  func stop() {
    let running = state.withLock { state in
      state.isStopping = true
      return Array(state.running.values)
    }
    for entry in running { entry.mailbox.post(.event(.drain)) }
    start.finish()
    stopListening.finish()
    board.ringAll()
  }

  /// Lets an operation that runs here look at its row at once: somebody changed it.
  func nudge(_ deployID: String) {
    state.withLock { $0.running[deployID] }?.mailbox.post(.event(.recordChanged))
  }

  /// The feed of a deploy that runs on this host.
  func feed(of deployID: String) -> RolloutFeed? {
    state.withLock { $0.running[deployID]?.operation.feed }
  }

  /// Whether what ran here is being handed over.
  var isStopping: Bool { state.withLock { $0.isStopping } }

  var count: Int { state.withLock { $0.running.count } }

  private func register(_ operation: Operation) -> Running? {
    state.withLock { state in
      // Another one of the deploy, with a newer lease, may be in its place.
      guard !state.isStopping, let running = state.running[operation.deploy.id],
        running.operation.feed === operation.feed
      else { return nil }
      return running
    }
  }

  private func carryOut(_ running: Running) async {
    let operation = running.operation
    var log = log
    log[metadataKey: "deploy"] = "\(operation.deploy.id)"
    log[metadataKey: "app"] = "\(operation.app.name)"
    log.info("operation begins", metadata: ["image": "\(operation.plan.image)", "action": "\(operation.plan.action)"])
    let runner = OperationRunner(
      operation: operation, cluster: cluster, registry: registry, store: store, timing: timing, clock: clock,
      wallClock: wallClock, log: log, mailbox: running.mailbox)
    switch await runner.run() {
    case .finished(let finished):
      statistics.record(finished, isRollback: operation.plan.isRollback)
      log.info(
        "operation ended",
        metadata: [
          "outcome": "\(finished.outcome.word)", "message": "\(finished.message)", "audit": "\(finished.auditID)",
        ])
    case .leftToOthers:
      log.notice("operation left to another host")
    }
    forget(operation)
    board.ring(.deploy(operation.deploy.id))
    board.ring(.app(operation.app.id))
  }

  /// An operation that came while we stop: another host may have it at once.
  private func giveBack(_ operation: Operation) async {
    await release(operation.lease)
    forget(operation)
  }

  private func release(_ lease: Lease) async {
    do {
      try await store.release(lease)
    } catch {
      log.warning("a lease could not be handed over and will run out", metadata: ["cause": "\(error)"])
    }
  }

  /// Its watchers look in the store from now on.
  private func forget(_ operation: Operation) {
    state.withLock { state in
      // Another one of the same deploy may have begun here meanwhile, after a lease that was lost and won again.
      guard state.running[operation.deploy.id]?.operation.feed === operation.feed else { return }
      state.running[operation.deploy.id] = nil
    }
    operation.feed.end()
  }

  // MARK: Signals

  /// Hears what other daemons and programs do, as long as the database can be listened to; all of it is looked for
  /// from time to time as well.
  private func listen() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          do {
            try await self.store.listen { self.hear($0) }
            self.log.debug("the connection for notifications ended")
          } catch {
            self.log.debug("notifications cannot be heard now", metadata: ["cause": "\(error)"])
          }
          // Ends early only when cancelled.
          try? await self.clock.sleep(until: self.clock.now.advanced(by: .seconds(1)), tolerance: nil)
        }
      }
      group.addTask { for await _ in self.untilStop {} }
      await group.next()
      group.cancelAll()
    }
  }

  private func hear(_ signal: OperationSignal) {
    switch signal {
    case .listening:
      // What was said meanwhile was said to nobody.
      for running in state.withLock({ Array($0.running.values) }) { running.mailbox.post(.event(.recordChanged)) }
      board.ringAll()
    case .cancelRequested(let deployID): nudge(deployID)
    case .released: board.ring(.orphans)
    case .ended(let deployID, let appID):
      nudge(deployID)
      board.ring(.deploy(deployID))
      board.ring(.app(appID))
    }
  }

  // MARK: Takeover

  /// Looks for operations without a living holder, now and three times in a lease's length.
  private func takeOver() async {
    let watch = board.watch(.orphans)
    defer { board.end(watch) }
    while !Task.isCancelled, !isStopping {
      do {
        // What runs here is renewed by who carries it out, also when its lease ran out while the database was away.
        let own = state.withLock { Array($0.running.keys) }
        for claimed in try await store.claimExpired(limit: 16, except: own) {
          if isStopping { await release(claimed.lease) } else { await begin(continuing: claimed) }
        }
      } catch is CancellationError {
        return
      } catch {
        log.debug("could not look for orphaned operations", metadata: ["cause": "\(error)"])
      }
      await watch.wait(until: clock.now.advanced(by: timing.leaseDuration / 3), clock: clock)
    }
  }

  private func begin(continuing claimed: ClaimedOperation) async {
    let gap = claimed.lastSequence == 0 ? 0 : RolloutFeed.takeoverGap
    let feed = RolloutFeed(deployID: claimed.deploy.id, lastSequence: claimed.lastSequence + gap)
    let startedAt = clock.now.advanced(by: .zero - claimed.age)
    if claimed.lastSequence == 0 {
      let accepted = RolloutAccepted(
        deploy: claimed.deploy, warnings: claimed.deploy.warnings, namespace: claimed.app.namespace,
        deployment: claimed.app.deployment, container: claimed.app.container)
      feed.publish(.accepted(accepted), at: wallClock())
    }
    let message =
      claimed.isHandedOver
      ? "handed over by \(claimed.previousHost), which goes down"
      : "taken over from \(claimed.previousHost), whose lease ran out"
    feed.publish(
      .progress(
        RollbackMessages.RolloutProgress(
          phase: claimed.revert == nil ? .waiting : .reverting, replicas: claimed.deploy.replicas, message: message,
          elapsed: claimed.age)),
      at: wallClock())
    log.notice(
      "operation taken over", metadata: ["deploy": "\(claimed.deploy.id)", "from": "\(claimed.previousHost)"])
    await begin(
      Operation(
        app: claimed.app, deploy: claimed.deploy, plan: claimed.plan, warnings: claimed.deploy.warnings,
        lease: claimed.lease, startedAt: startedAt, deployment: nil, feed: feed,
        firstSequence: claimed.lastSequence + gap + 1, isTakeover: true, revert: claimed.revert,
        cancellation: claimed.cancellation))
    // A wish that was written after the claim was told to nobody until now.
    nudge(claimed.deploy.id)
  }
}
