@testable import ConnectionPool

/// The machine and a clock that the test holds.
struct HeldPool {
  typealias Machine = PoolStateMachine<String>
  struct Unexpected: Error {}

  var machine: Machine
  var now = ContinuousClock.now

  init(_ configure: (inout PoolConfiguration) -> Void = { _ in }) {
    var configuration = PoolConfiguration()
    configuration.minimumConnections = 0
    configuration.maximumConnections = 2
    configure(&configuration)
    machine = Machine(configuration: configuration)
  }

  mutating func pass(_ time: Duration) { now += time }

  /// Time passes, and the machine is told.
  mutating func tick(_ time: Duration) -> Machine.Step {
    now += time
    return machine.timeReached(now: now)
  }

  mutating func begin() -> [PoolConnectionID] { machine.start(now: now).opened }

  mutating func acquire(_ request: String, within time: Duration = .seconds(5)) -> Machine.AcquireAction {
    machine.acquire(request, deadline: now + time, now: now)
  }

  /// For a request that has to wait: what is to be opened for it.
  mutating func wait(_ request: String, within time: Duration = .seconds(5)) throws -> [PoolConnectionID] {
    guard case .wait(let step) = acquire(request, within: time) else { throw Unexpected() }
    return step.opened
  }

  /// For a request that is served at once.
  mutating func lease(_ request: String) throws -> PoolConnectionID {
    guard case .lease(let id) = acquire(request) else { throw Unexpected() }
    return id
  }

  mutating func connected(_ id: PoolConnectionID, random: Double = 0) -> Machine.Step {
    machine.connected(id, now: now, random: random)
  }

  mutating func connectFailed(_ id: PoolConnectionID, random: Double = 1) -> Machine.Step {
    machine.connectFailed(id, now: now, random: random)
  }

  mutating func release(_ id: PoolConnectionID, _ condition: PoolConnectionCondition = .clean) -> Machine.ReleaseAction
  {
    machine.release(id, condition, now: now)
  }

  /// For a connection that is closed when it comes back.
  mutating func releaseClosing(
    _ id: PoolConnectionID, _ condition: PoolConnectionCondition = .clean
  ) throws -> (reason: PoolCloseReason, step: Machine.Step) {
    guard case .close(let reason, let step) = release(id, condition) else { throw Unexpected() }
    return (reason, step)
  }

  /// As many idle connections, opened now.
  mutating func withIdle(_ count: Int) throws -> [PoolConnectionID] {
    _ = begin()
    var ids: [PoolConnectionID] = []
    for n in 0..<count {
      for id in try wait("setup \(n)") {
        _ = connected(id)
        ids.append(id)
      }
    }
    for id in ids { _ = release(id) }
    return ids
  }
}
