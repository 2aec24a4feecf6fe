internal import Locking
internal import RollbackMessages

/// Lets a few pass at a time; the others wait in order.
final class Turnstile: Sendable {
  private enum Turn { case pass, full, left }

  private struct State {
    var free: Int
    var nextID = 0
    var waiting: [(id: Int, continuation: UnsafeContinuation<Turn, Never>)] = []
  }

  private let state: Locked<State>
  private let maximumWaiters: Int
  private let refusal: String

  /// - Parameters:
  ///   - maximumWaiters: how many may wait at once.
  ///   - refusal: what is said to one more, in a sentence.
  init(width: Int, maximumWaiters: Int = .max, refusal: String = "too many wait already") {
    state = Locked(State(free: width))
    self.maximumWaiters = maximumWaiters
    self.refusal = refusal
  }

  /// Runs `body` when it is its turn.
  ///
  /// - Throws: what `body` throws; `CancellationError` when the task is cancelled while it waits; ``ServiceError``
  ///   `resource_exhausted` when too many wait already.
  func pass<Value>(_ body: () async throws -> Value) async throws -> Value {
    switch await turn() {
    case .pass: break
    case .full: throw ServiceError(.resourceExhausted, refusal)
    case .left: throw CancellationError()
    }
    defer { leave() }
    return try await body()
  }

  private func turn() async -> Turn {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let turn = state.withLock { state -> Turn? in
          if state.free > 0 {
            state.free -= 1
            return .pass
          }
          if Task.isCancelled { return .left }
          if state.waiting.count >= maximumWaiters { return .full }
          state.waiting.append((id, continuation))
          return nil
        }
        if let turn { continuation.resume(returning: turn) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).continuation }
      }
      waiter?.resume(returning: .left)
    }
  }

  private func leave() {
    let next = state.withLock { state -> UnsafeContinuation<Turn, Never>? in
      guard state.waiting.isEmpty else { return state.waiting.removeFirst().continuation }
      state.free += 1
      return nil
    }
    next?.resume(returning: .pass)
  }
}
