/// Wakes those who follow the audit trail when there may be something new in it.
///
/// Whoever hears of new rows rings; a follower notes ``rings`` before it reads, and waits for a ring after that, so that
/// none is missed in between. As long as nobody follows nobody needs to listen.
public final class AuditBell: Sendable {
  private struct State {
    var rings: UInt64 = 0
    var isHeard = false
    var followers = 0
  }

  private let state = Monitor(State())

  public init() {}

  // MARK: For those who listen to the database

  /// There may be new rows.
  public func ring() {
    state.change { $0.rings &+= 1 }
  }

  /// Whether every new row is heard of; while it is not, followers look by themselves now and then.
  public var isHeard: Bool {
    get { state.read { $0.isHeard } }
    set { state.change { $0.isHeard = newValue } }
  }

  /// Suspends until somebody follows, or nobody does any more; returns at once when it is so, or the task is cancelled.
  public func waitUntil(followed: Bool) async {
    await state.wait { ($0.followers > 0) == followed }
  }

  // MARK: For those who follow

  /// How often it rang.
  var rings: UInt64 { state.read { $0.rings } }

  /// Suspends until it has rung more than `count` times, or the task is cancelled.
  func wait(past count: UInt64) async {
    await state.wait { $0.rings != count }
  }

  /// Somebody follows for as long as `body` runs.
  func followed<Value>(_ body: () async throws -> Value) async rethrows -> Value {
    state.change { $0.followers += 1 }
    defer { state.change { $0.followers -= 1 } }
    return try await body()
  }
}
