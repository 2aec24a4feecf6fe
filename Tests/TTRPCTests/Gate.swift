import Locking
@testable import TTRPC

/// Lets tasks wait for each other: what waits goes on once somebody has opened it.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Locked(State())

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }
}

/// A value that one task leaves for another.
final class Box<Value: Sendable>: Sendable {
  private let value = Locked<Value?>(nil)
  private let gate = Gate()

  func put(_ new: Value) {
    value.withLock { $0 = new }
    gate.open()
  }

  func get() async -> Value? {
    await gate.wait()
    return value.withLock { $0 }
  }
}
