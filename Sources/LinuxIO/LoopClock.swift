/// The continuous clock, asleep on a loop: waking up costs no other thread.
public struct LoopClock: Clock {
  public typealias Instant = ContinuousClock.Instant

  private let loop: EventLoop

  public init(_ loop: EventLoop) {
    self.loop = loop
  }

  public var now: Instant { .now }
  public var minimumResolution: Duration { .nanoseconds(1) }

  /// Suspends until `deadline`; throws `CancellationError` as soon as the task is cancelled.
  public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    let sleeper = Sleeper()
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        loop.execute { [loop] in sleeper.begin(continuation, on: loop, until: deadline) }
      }
    } onCancel: {
      loop.execute { sleeper.end() }
    }
    try Task.checkCancellation()
  }

  /// One sleep.
  ///
  /// `@unchecked Sendable`: both methods run on the loop only.
  private final class Sleeper: @unchecked Sendable {
    private var continuation: UnsafeContinuation<Void, Never>?
    private var timer: LoopTimer?
    private var isOver = false

    func begin(_ continuation: UnsafeContinuation<Void, Never>, on loop: EventLoop, until deadline: Instant) {
      // The cancellation may have come first.
      guard !isOver else { return continuation.resume() }
      self.continuation = continuation
      timer = loop.schedule(at: deadline) { self.end() }
    }

    func end() {
      isOver = true
      timer?.cancel()
      timer = nil
      continuation?.resume()
      continuation = nil
    }
  }
}
