import Glibc
import Synchronization
import Testing

/// What the thread sanitizer must see, and what it must not take for a race (scripts/test --sanitize thread).
@Suite struct SanitizerTests {
  private static let isThreadSanitized = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "__tsan_acquire") != nil

  @Test(.enabled(if: isThreadSanitized, "only the thread sanitizer sees a race"))
  func `a race ends a process with a status of its own`() async {
    await #expect(processExitsWith: .exitCode(66)) {
      let count = Unguarded()
      Threads(2) { for _ in 0..<1000 { count.value += 1 } }.join()
    }
  }

  /// Nothing but the continuation orders the two, and it is resumed before the task waits: Tests/ThreadSanitizer.
  @Test func `a task sees what the thread wrote that resumed it before it waited`() async {
    for number in 0..<100 {
      let count = await withUnsafeContinuation { continuation in
        let isResumed = Resumption()
        Threads(1) {
          let count = Unguarded()
          count.value = number
          continuation.resume(returning: count)
          isResumed.flag.store(true, ordering: .relaxed)
        }.detach()
        while !isResumed.flag.load(ordering: .relaxed) { sched_yield() }
      }
      count.value += 1
      #expect(count.value == number + 1)
    }
  }

  /// `@unchecked Sendable`: not so; what it is for is to be seen.
  private final class Unguarded: @unchecked Sendable {
    var value = 0
  }

  private final class Resumption: Sendable {
    let flag = Atomic(false)
  }
}
