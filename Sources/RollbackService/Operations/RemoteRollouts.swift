internal import Locking
internal import RollbackMessages

/// What is seen here of deploys that run on other hosts: of each one reader of the stored frames, however many watch.
///
/// A reader begins with the first watcher. It ends with the last one, or when there is nothing more for it to read: the
/// deploy ended or runs here now, or the database cannot be read. Its feed ends with it, and each watcher then looks for
/// itself what that means.
final class RemoteRollouts<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  private struct Reading {
    let feed: RolloutFeed
    var watchers = 1
  }

  private struct State {
    var readings: [String: Reading] = [:]
    var hasEnded = false
  }

  private let deploys: any DeployStore
  private let operations: any OperationStore
  private let supervisor: OperationSupervisor<C>
  private let clock: C
  private let state = Locked(State())
  /// Readers that `run()` has yet to start: at most one for each call that watches.
  private let jobs: AsyncStream<RolloutFeed>
  private let newJobs: AsyncStream<RolloutFeed>.Continuation

  /// Between two looks; the end of a deploy is told by a notification.
  private static var pause: Duration { .milliseconds(500) }
  private static var pageSize: Int { 100 }

  init(
    deploys: any DeployStore, operations: any OperationStore, supervisor: OperationSupervisor<C>, clock: C
  ) {
    self.deploys = deploys
    self.operations = operations
    self.supervisor = supervisor
    self.clock = clock
    (jobs, newJobs) = AsyncStream.makeStream(of: RolloutFeed.self)
  }

  /// Reads for all who watch, until ``stop()`` or cancellation.
  func run() async {
    await withDiscardingTaskGroup { group in
      for await feed in jobs { group.addTask { await self.read(feed) } }
    }
    let left = state.withLock { state in
      state.hasEnded = true
      return state.readings.values.map(\.feed)
    }
    for feed in left { feed.end() }
  }

  /// Lets ``run()`` return once the readers have ended, which they do when the supervisor stops.
  func stop() {
    newJobs.finish()
  }

  /// Follows a deploy for as long as `body` lasts. The frames that its feed does not have are in the store.
  func watch(_ deployID: String, _ body: (RolloutFeed) async throws -> Void) async throws {
    // Not by the number of who asks: others, who have seen less, share the feed.
    let stored = try await operations.newestFrame(of: deployID)?.seq ?? 0
    let feed = join(deployID, after: stored)
    defer { leave(feed) }
    try await body(feed)
  }

  /// How many watch a deploy of another host.
  func watchers(of deployID: String) -> Int {
    state.withLock { $0.readings[deployID]?.watchers ?? 0 }
  }

  private func join(_ deployID: String, after stored: UInt64) -> RolloutFeed {
    state.withLock { state in
      if let reading = state.readings[deployID], !reading.feed.isEnded {
        state.readings[deployID]?.watchers += 1
        return reading.feed
      }
      let feed = RolloutFeed(deployID: deployID, lastSequence: stored)
      guard !state.hasEnded, case .enqueued = newJobs.yield(feed) else {
        feed.end()
        return feed
      }
      state.readings[deployID] = Reading(feed: feed)
      return feed
    }
  }

  private func leave(_ feed: RolloutFeed) {
    let isLast = state.withLock { state in
      guard let reading = state.readings[feed.deployID], reading.feed === feed else { return false }
      state.readings[feed.deployID]?.watchers -= 1
      guard reading.watchers == 1 else { return false }
      state.readings[feed.deployID] = nil
      return true
    }
    // The reader sees it at its next look.
    if isLast { feed.end() }
  }

  private func read(_ feed: RolloutFeed) async {
    let news = supervisor.board.watch(.deploy(feed.deployID))
    defer {
      supervisor.board.end(news)
      feed.end()
    }
    while !Task.isCancelled, !supervisor.isStopping, !feed.isEnded, supervisor.feed(of: feed.deployID) == nil {
      // Why it cannot be read is told to each watcher that then looks for itself.
      guard (try? await look(feed)) == true else { return }
      await news.wait(until: clock.now.advanced(by: Self.pause), clock: clock)
    }
  }

  /// Whether there is more to come.
  private func look(_ feed: RolloutFeed) async throws -> Bool {
    let isRunning = try await deploys.deploy(feed.deployID)?.deploy.status.isEnded == false
    // After that: the outcome and its frame are one transaction.
    var count = Self.pageSize
    while count == Self.pageSize {
      let frames = try await operations.frames(of: feed.deployID, from: feed.nextSequence, limit: Self.pageSize)
      for frame in frames { feed.append(frame) }
      count = frames.count
    }
    return isRunning
  }
}
