import RollbackMessages
import Testing

@testable import RollbackService

@Suite struct RolloutFeedTests {
  private let at = Timestamp(seconds: 1)

  private func progress(_ message: String) -> RolloutFrame.Kind {
    .progress(RolloutProgress(message: message))
  }

  private func collect(_ frames: RolloutFeed.Frames) async -> [UInt64] {
    var numbers: [UInt64] = []
    for await frame in frames { numbers.append(frame.seq) }
    return numbers
  }

  @Test func `a watcher that keeps up gets every frame in order`() async {
    let feed = RolloutFeed(deployID: "x")
    feed.publish(.accepted(RolloutAccepted()), at: at)
    for number in 0..<5 { feed.publish(progress("\(number)"), at: at) }
    feed.publish(.finished(RolloutFinished()), at: at)
    feed.end()
    #expect(await collect(feed.frames()) == [1, 2, 3, 4, 5, 6, 7])
  }

  @Test func `one that is far behind gets the newest progress, and never misses accepted and finished`() async {
    let feed = RolloutFeed(deployID: "x")
    feed.publish(.accepted(RolloutAccepted()), at: at)
    for number in 0..<100 { feed.publish(progress("\(number)"), at: at) }
    feed.publish(.finished(RolloutFinished()), at: at)
    feed.end()
    #expect(await collect(feed.frames()) == [1, 101, 102])
  }

  @Test func `what is kept is bounded, and the first frame stays`() async {
    let feed = RolloutFeed(deployID: "x")
    feed.publish(.accepted(RolloutAccepted()), at: at)
    for number in 0..<1000 { feed.publish(progress("\(number)"), at: at) }
    feed.end()
    #expect(feed.firstRetained == 1001 - UInt64(RolloutFeed.retainedFrames) + 2)
    let numbers = await collect(feed.frames())
    #expect(numbers.first == 1)
    #expect(numbers.last == 1001)
  }

  @Test func `a watcher that waits is woken by the next frame, and by cancellation`() async {
    let feed = RolloutFeed(deployID: "x")
    let waiting = Task { await collect(feed.frames()) }
    feed.publish(progress("now"), at: at)
    feed.end()
    #expect(await waiting.value == [1])
    let endless = RolloutFeed(deployID: "y")
    let cancelled = Task { await collect(endless.frames()) }
    cancelled.cancel()
    #expect(await cancelled.value.isEmpty)
  }

  /// Who is behind what a feed begins with must not be woken for nothing: it would never sleep again.
  @Test func `a watcher behind the beginning of a feed waits for its first frame`() async {
    let feed = RolloutFeed(deployID: "x", lastSequence: 57)
    let waiting = Task { await collect(feed.frames(from: 8)) }
    while feed.waiting == 0 { await Task.yield() }
    feed.append(RolloutFrame(seq: 58, at: at, kind: progress("first")))
    feed.end()
    #expect(await waiting.value == [58])
  }

  @Test func `a feed that goes on after a takeover numbers on`() {
    let feed = RolloutFeed(deployID: "x", lastSequence: 7)
    #expect(feed.publish(progress("taken over"), at: at).seq == 8)
  }
}

@Suite struct ProgressPaceTests {
  @Test func `the first goes at once, the next waits, and only the newest is sent`() {
    var pace = ProgressPace(interval: .milliseconds(100))
    let start = ContinuousClock.now
    pace.offer(RolloutProgress(message: "a"))
    #expect(pace.take(at: start)?.message == "a")
    pace.offer(RolloutProgress(message: "b"))
    pace.offer(RolloutProgress(message: "c"))
    #expect(pace.take(at: start + .milliseconds(99)) == nil)
    #expect(pace.nextDue == start + .milliseconds(100))
    #expect(pace.take(at: start + .milliseconds(100))?.message == "c")
    #expect(pace.nextDue == nil)
  }
}
