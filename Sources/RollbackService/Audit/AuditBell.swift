internal import Locking

/// Wakes those who follow the audit trail when there may be something new in it.
///
/// Whoever hears of new rows rings; a follower notes ``rings`` before it reads, and waits for a ring after that, so that
/// none is missed in between. As long as nobody follows nobody needs to listen.
public final class AuditBell: Sendable {
  private struct State {
    var rings: UInt64 = 0
    var isHeard = false
    var followers = 0
    var nextID = 0
    /// Followers until the next ring, listeners until followers come or have gone.
    var sleepers: [Int: UnsafeContinuation<Void, Never>] = [:]
    var listeners: [Int: UnsafeContinuation<Void, Never>] = [:]

    subscript(place: Place) -> [Int: UnsafeContinuation<Void, Never>] {
      get { place == .sleepers ? sleepers : listeners }
      set { if place == .sleepers { sleepers = newValue } else { listeners = newValue } }
    }
  }

  /// Where somebody waits.
  private enum Place { case sleepers, listeners }

  private let state = Locked(State())

  public init() {}

  // MARK: For those who listen to the database

  /// There may be new rows.
  public func ring() {
    let sleepers = state.withLock { state in
      state.rings &+= 1
      defer { state.sleepers = [:] }
      return state.sleepers
    }
    for sleeper in sleepers.values { sleeper.resume() }
  }

  /// Whether every new row is heard of; while it is not, followers look by themselves now and then.
  public var isHeard: Bool {
    get { state.withLock { $0.isHeard } }
    set { state.withLock { $0.isHeard = newValue } }
  }

  /// Suspends until somebody follows, or nobody does any more; returns at once when it is so, or the task is cancelled.
  public func waitUntil(followed: Bool) async {
    while !Task.isCancelled {
      if state.withLock({ ($0.followers > 0) == followed }) { return }
      await suspend(in: .listeners) { ($0.followers > 0) == followed }
    }
  }

  // MARK: For those who follow

  /// How often it rang.
  var rings: UInt64 { state.withLock { $0.rings } }

  /// Suspends until it has rung more than `count` times, or the task is cancelled.
  func wait(past count: UInt64) async {
    await suspend(in: .sleepers) { $0.rings != count }
  }

  /// Somebody follows for as long as `body` runs.
  func followed<Value>(_ body: () async throws -> Value) async rethrows -> Value {
    change(by: 1)
    defer { change(by: -1) }
    return try await body()
  }

  private func change(by difference: Int) {
    let listeners = state.withLock { state in
      state.followers += difference
      defer { state.listeners = [:] }
      return state.listeners
    }
    for listener in listeners.values { listener.resume() }
  }

  private func suspend(
    in place: Place, unless isOver: @Sendable (borrowing State) -> Bool
  ) async {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isOver = state.withLock { state in
          if isOver(state) || Task.isCancelled { return true }
          state[place][id] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0[place].removeValue(forKey: id) }?.resume()
    }
  }
}
