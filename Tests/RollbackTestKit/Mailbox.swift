import Locking

/// Values that somebody puts in and somebody else waits for, in order.
public final class Mailbox<Value: Sendable>: Sendable {
  private struct State {
    var values: [Value] = []
    var waiters: [CheckedContinuation<Value, Never>] = []
  }

  private let state = Locked(State())

  public init() {}

  public func put(_ value: Value) {
    let waiter: CheckedContinuation<Value, Never>? = state.withLock { state in
      if state.waiters.isEmpty {
        state.values.append(value)
        return nil
      }
      return state.waiters.removeFirst()
    }
    waiter?.resume(returning: value)
  }

  /// The oldest value; waits until there is one.
  public func next() async -> Value {
    await withCheckedContinuation { continuation in
      let value: Value? = state.withLock { state in
        if state.values.isEmpty {
          state.waiters.append(continuation)
          return nil
        }
        return state.values.removeFirst()
      }
      if let value { continuation.resume(returning: value) }
    }
  }
}
