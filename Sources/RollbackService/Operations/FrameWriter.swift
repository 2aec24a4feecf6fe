internal import Logging
internal import RollbackMessages

/// Stores an operation's frames as they are published, so that any host can replay them.
///
/// While the database is away nothing is lost that matters: the feed holds the frames, and a writer that fell behind
/// goes on with the newest progress. The finished frame is written with the outcome, not here.
struct FrameWriter<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  let feed: RolloutFeed
  let lease: Lease
  let store: any OperationStore
  let clock: C
  let log: Logger
  /// Between two tries while the database is away.
  var retryDelay = Duration.milliseconds(500)
  /// Called when a frame could not be stored at the first try: the lease may be in danger too.
  var whenDelayed: @Sendable () -> Void = {}

  /// Writes until the finished frame, the end of the feed, or cancellation.
  func run(from sequence: UInt64) async {
    for await frame in feed.frames(from: sequence) {
      if case .finished = frame.kind { return }
      var isFirstTry = true
      while !Task.isCancelled {
        do {
          try await store.append([frame], of: lease)
          feed.noteStored(frame.seq)
          break
        } catch {
          if isFirstTry, !Task.isCancelled { whenDelayed() }
          isFirstTry = false
          log.debug("a frame waits for the database", metadata: ["seq": "\(frame.seq)", "cause": "\(error)"])
          // Ends early only when cancelled, which the loop sees.
          try? await clock.sleep(until: clock.now.advanced(by: retryDelay), tolerance: nil)
        }
      }
    }
  }
}
