import Locking
import Testing

@Suite struct LockedTests {
  @Test func `one thread at a time touches the value`() {
    let count = Locked(0)
    let threads = Threads(8) {
      for _ in 0..<10_000 { count.withLock { $0 += 1 } }
    }
    threads.join()
    #expect(count.withLock { $0 } == 80_000)
  }

  @Test func `copies share the value and the lock`() {
    let first = Locked(["a"])
    let second = first
    second.withLock { $0.append("b") }
    #expect(first.withLock { $0 } == ["a", "b"])
  }

  @Test func `an error passes through and leaves the lock free`() {
    struct Failure: Error, Equatable {}
    let count = Locked(0)
    #expect(throws: Failure()) {
      try count.withLock { count throws(Failure) in
        count += 1
        throw Failure()
      }
    }
    #expect(count.withLock { $0 } == 1)
  }

  @Test func `the value goes with the last copy`() {
    final class Token: Sendable {}
    weak var token: Token?
    do {
      let value = Token()
      token = value
      let first = Locked(value)
      let second = first
      #expect(second.withLock { $0 } === token)
    }
    #expect(token == nil)
  }

  @Test func `it holds what cannot be copied`() {
    struct Machine: ~Copyable {
      var steps = 0
    }
    let machine = Locked(Machine())
    machine.withLock { $0.steps += 1 }
    #expect(machine.withLock { $0.steps } == 1)
  }
}
