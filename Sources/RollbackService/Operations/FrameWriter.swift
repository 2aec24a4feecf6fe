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

  /// Writes until the finished frame, the end of the feed, or cancellation.
  func run(from sequence: UInt64) async {
    for await frame in feed.frames(from: sequence) {
      if case .finished = frame.kind { return }
      while !Task.isCancelled {
        do {
          try await store.append([frame], of: lease)
          break
        } catch {
          log.debug("a frame waits for the database", metadata: ["seq": "\(frame.seq)", "cause": "\(error)"])
          // Ends early only when cancelled, which the loop sees.
          try? await clock.sleep(until: clock.now.advanced(by: retryDelay), tolerance: nil)
        }
      }
    }
  }
}
