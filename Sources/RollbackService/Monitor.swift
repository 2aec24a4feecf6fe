internal import Locking

/// A state behind a lock, with tasks that wait until it is as they want it: a monitor whose waiters suspend.
///
/// Each waiting task is resumed once, by the change that meets its condition or by its cancellation, whichever comes
/// first. Neither is lost when it comes before the wait. A change asks the conditions of all who wait, so they are
/// cheap, and they do not enter the monitor again.
struct Monitor<State: Sendable>: Sendable {
  private struct Waiter: Sendable {
    let isMet: @Sendable (State) -> Bool
    let continuation: UnsafeContinuation<Void, Never>
  }

  private struct Content: Sendable {
    var state: State
    var waiters: [Int: Waiter] = [:]
    var lastID = 0

    mutating func takeMet() -> [Waiter] {
      guard !waiters.isEmpty else { return [] }
      let met = waiters.filter { $0.value.isMet(state) }
      for id in met.keys { waiters[id] = nil }
      return Array(met.values)
    }
  }

  private let content: Locked<Content>

  init(_ state: State) {
    content = Locked(Content(state: state))
  }

  /// How many tasks wait.
  var waiting: Int { content.withLock { $0.waiters.count } }

  func read<Result: Sendable>(_ body: (State) -> Result) -> Result {
    content.withLock { body($0.state) }
  }

  /// Changes the state and resumes those whose condition it meets now. Never waits for them.
  @discardableResult
  func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
    let (result, met) = content.withLock { content in
      let result = body(&content.state)
      return (result, content.takeMet())
    }
    for waiter in met { waiter.continuation.resume() }
    return result
  }

  /// The same, but no longer than until `deadline`.
  func wait<C: Clock>(until deadline: C.Instant, clock: C, or isMet: @escaping @Sendable (State) -> Bool) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(until: isMet) }
      // A sleep ends early only by cancellation, which is what ends the other child's wait.
      group.addTask { try? await clock.sleep(until: deadline, tolerance: nil) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Suspends until the state meets the condition, or the task is cancelled. By the time that the caller runs on others
  /// may have changed it again.
  func wait(until isMet: @escaping @Sendable (State) -> Bool) async {
    let id = content.withLock { content in
      content.lastID += 1
      return content.lastID
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let mayGoOn = content.withLock { content in
          // A cancellation that came first found no waiter, so it is looked for here, under the lock.
          if isMet(content.state) || Task.isCancelled { return true }
          content.waiters[id] = Waiter(isMet: isMet, continuation: continuation)
          return false
        }
        if mayGoOn { continuation.resume() }
      }
    } onCancel: {
      content.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
    }
  }
}
