import Glibc
import Locking
import Testing

@testable import LinuxIO

/// Runs `body` with a loop of its own, which is stopped and joined afterwards.
func withEventLoop<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
  let loop = try EventLoop.start(label: "test")
  do {
    let result = try await body(loop)
    loop.stop()
    loop.join()
    return result
  } catch {
    loop.stop()
    loop.join()
    throw error
  }
}

@Suite struct EventLoopTests {
  @Test func `work queued from one thread runs in order on the loop's thread`() async throws {
    try await withEventLoop { loop in
      let seen = Locked<[Int]>([])
      for number in 0..<1000 {
        loop.execute {
          loop.preconditionIsCurrent()
          seen.withLock { $0.append(number) }
        }
      }
      _ = try await loop.call { true }
      #expect(seen.withLock { $0 } == Array(0..<1000))
      #expect(!loop.isCurrent)
    }
  }

  @Test func `a task that prefers the loop stays on it across suspensions`() async throws {
    try await withEventLoop { loop in
      let stayed = await Task(executorPreference: loop) {
        var stayed = loop.isCurrent
        for _ in 0..<100 {
          await withUnsafeContinuation { continuation in
            Thread.run { continuation.resume() }
          }
          stayed = stayed && loop.isCurrent
        }
        return stayed
      }.value
      #expect(stayed)
    }
  }

  @Test func `an immediate task starts on the loop without a turn in between`() async throws {
    try await withEventLoop { loop in
      let order = Recorder()
      let task = try await loop.call {
        let task = Task.immediate(executorPreference: loop) { order.note("task") }
        order.note("after")
        return task
      }
      await task.value
      #expect(order.notes == ["task", "after"])
    }
  }

  @Test func `timers fire in order of their deadlines and not when cancelled`() async throws {
    try await withEventLoop { loop in
      let fired = await withUnsafeContinuation { (done: UnsafeContinuation<[Int], Never>) in
        loop.execute {
          let start = loop.now
          var fired: [Int] = []
          _ = loop.schedule(at: start + .milliseconds(3)) { fired.append(3) }
          _ = loop.schedule(at: start + .milliseconds(1)) { fired.append(1) }
          let cancelled = loop.schedule(at: start + .milliseconds(2)) { fired.append(2) }
          _ = loop.schedule(at: start + .milliseconds(4)) {
            let seen = fired
            done.resume(returning: seen)
          }
          cancelled.cancel()
        }
      }
      #expect(fired == [1, 3])
    }
  }

  @Test func `ten thousand cancelled timers leave nothing behind`() async throws {
    try await withEventLoop { loop in
      try await loop.call {
        for _ in 0..<10_000 { loop.schedule(after: .seconds(3600)) {}.cancel() }
      }
    }
  }

  @Test func `a readable descriptor is reported until its watch is cancelled`() async throws {
    try await withEventLoop { loop in
      let bytes = await withUnsafeContinuation { (done: UnsafeContinuation<Int, Never>) in
        loop.execute { Pipe.countReadable(on: loop) { done.resume(returning: $0) } }
      }
      #expect(bytes == 3)
    }
  }

  @Test func `an event of this turn does not reach a watch that was just cancelled`() async throws {
    try await withEventLoop { loop in
      let calls = await withUnsafeContinuation { (done: UnsafeContinuation<Int, Never>) in
        loop.execute {
          guard let (first, firstPeer) = try? UnixStream.pair(), let (second, secondPeer) = try? UnixStream.pair(),
            let a = first.take(), let b = second.take(), let c = firstPeer.take(), let d = secondPeer.take()
          else { return done.resume(returning: -1) }
          let (left, right) = (a.release(), b.release())
          var watches: [Watch] = []
          var calls = 0
          let handler: (Readiness) -> Void = { _ in
            calls += 1
            // Both are ready in one turn; whichever comes first ends both, and the numbers are free for reuse.
            for watch in watches { watch.cancel() }
          }
          watches = [left, right].compactMap { try? loop.watch($0, for: .readable, onReady: handler) }
          for peer in [c.release(), d.release()] {
            _ = write(peer, "x", 1)
            close(peer)
          }
          _ = loop.schedule(after: .milliseconds(5)) {
            close(left)
            close(right)
            done.resume(returning: calls)
          }
        }
      }
      #expect(calls == 1)
    }
  }

  @Test func `hooks run once, after the turn's work`() async throws {
    try await withEventLoop { loop in
      let order = Recorder()
      try await loop.call {
        loop.atEndOfTurn { order.note("hook") }
        loop.execute { order.note("work") }
      }
      // The next turn at the earliest.
      _ = try await loop.call { loop.execute {} }
      _ = try await loop.call { true }
      #expect(order.notes == ["work", "hook"])
    }
  }

  @Test func `a regular file cannot be watched and the error says so`() async throws {
    try await withEventLoop { loop in
      _ = await #expect(throws: SystemError.self) {
        try await loop.call {
          let file = FileDescriptor(adopting: open("/proc/self/exe", O_RDONLY))
          _ = try loop.watch(file.rawValue, for: .readable) { _ in }
        }
      }
    }
  }

  @Test func `sleeping ends at once when its task is cancelled`() async throws {
    try await withEventLoop { loop in
      let task = Task(executorPreference: loop) {
        try await LoopClock(loop).sleep(until: .now + .seconds(3600), tolerance: nil)
      }
      task.cancel()
      _ = await #expect(throws: CancellationError.self) { try await task.value }
    }
  }
}

/// What happened, in order.
private final class Recorder: Sendable {
  private let values = Locked<[String]>([])
  var notes: [String] { values.withLock { $0 } }
  func note(_ value: String) { values.withLock { $0.append(value) } }
}

private enum Thread {
  /// Runs `body` on a thread of its own.
  static func run(_ body: @escaping @Sendable () -> Void) {
    final class Box {
      let body: @Sendable () -> Void; init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let created = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(created == 0)
    pthread_detach(thread)
  }
}

private enum Pipe {
  static func countReadable(on loop: EventLoop, done: @escaping (Int) -> Void) {
    guard let (reader, writer) = try? UnixStream.pair(), let end = reader.take(), let other = writer.take() else {
      return done(-1)
    }
    let stream = UnixStream(adopting: end)
    let descriptor = stream.descriptor
    var kept: UnixStream? = consume stream
    var watch: Watch?
    var total = 0
    watch = try? loop.watch(descriptor, for: .readable) { _ in
      withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { buffer in
        guard case .bytes(let count)? = try? kept?.read(into: buffer) else { return }
        total += count
      }
      guard total == 3 else { return }
      watch?.cancel()
      kept = nil
      done(total)
    }
    let peer = other.release()
    _ = write(peer, "abc", 3)
    close(peer)
  }
}
