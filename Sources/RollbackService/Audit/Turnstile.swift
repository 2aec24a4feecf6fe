internal import Locking

/// Lets a few pass at a time; the others wait in order.
final class Turnstile: Sendable {
  private struct State {
    var free: Int
    var waiting: [UnsafeContinuation<Void, Never>] = []
  }

  private let state: Locked<State>

  init(width: Int) { state = Locked(State(free: width)) }

  /// Runs `body` when it is its turn. One that is cancelled still waits for it, which is as long as those before take.
  func pass<Value>(_ body: () async throws -> Value) async rethrows -> Value {
    await withUnsafeContinuation { continuation in
      let mayPass = state.withLock { state in
        guard state.free > 0 else {
          state.waiting.append(continuation)
          return false
        }
        state.free -= 1
        return true
      }
      if mayPass { continuation.resume() }
    }
    defer { leave() }
    return try await body()
  }

  private func leave() {
    let next = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
      state.free += 1
      return nil
    }
    next?.resume()
  }
}
