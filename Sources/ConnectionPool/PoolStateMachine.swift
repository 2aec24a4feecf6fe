internal import DequeModule

/// Decides who gets which connection, when connections are opened and closed, and who waits how long.
///
/// Pure: it opens nothing, knows no clock and draws no random number. Each event returns what is to be done; time comes
/// in as `now`, and ``nextDeadline`` says when ``timeReached(now:)`` is wanted at the latest.
///
/// - Callers are served in the order in which they asked.
/// - The connection used last is given out first, so that a pool that is too large shrinks.
/// - While the server cannot be reached and no connection lives, callers are refused at once; one connection at a time
///   probes, with growing pauses.
public struct PoolStateMachine<RequestID: Hashable & Sendable>: Sendable {
  public typealias Instant = ContinuousClock.Instant

  struct Waiter {
    let request: RequestID
    let since: Instant
    let deadline: Instant
    /// What it is told when its deadline passes.
    let onTimeout: PoolError
  }

  enum ConnectionState {
    /// Being opened; then idle, leased, or gone.
    case connecting
    /// Waits for a user; then validating, leased, or gone.
    case idle(since: Instant)
    /// Asked whether it answers; then idle, leased, or gone.
    case validating(deadline: Instant)
    /// In a user's hands; then idle, leased by the next, or gone.
    case leased
  }

  struct Connection {
    var state: ConnectionState
    /// The end of its lifetime; meaningless while it is being opened.
    var expires: Instant
  }

  enum Phase {
    /// Callers queue, nothing is opened; then running.
    case notStarted
    /// Then draining or stopped.
    case running
    /// Callers that wait are still served, new ones are refused; then stopped.
    case draining
    /// Nothing is left.
    case stopped
  }

  enum Reachability {
    case reachable
    /// `failures` attempts in a row failed; the next is due at `nextProbe`.
    case failing(failures: Int, nextProbe: Instant)
  }

  public let configuration: PoolConfiguration
  var phase = Phase.notStarted

  /// Shut and empty, for good.
  public var isStopped: Bool {
    if case .stopped = phase { true } else { false }
  }
  var reachability = Reachability.reachable
  var connections: [PoolConnectionID: Connection] = [:]
  /// Idle connections, the one used last at the end.
  var idle: [PoolConnectionID] = []
  var waiters: Deque<Waiter> = []
  var connecting = 0
  var validating = 0
  var lastAttempt: Instant?
  var counted = PoolStatistics()
  private var lastNumber = 0

  public init(configuration: PoolConfiguration) {
    self.configuration = configuration
  }

  /// What the pool holds and did.
  public var statistics: PoolStatistics {
    var statistics = counted
    statistics.idle = idle.count
    statistics.connecting = connecting
    statistics.inUse = connections.count - idle.count - connecting - validating
    statistics.waiting = waiters.count
    if case .failing = reachability { statistics.isFailing = true }
    return statistics
  }

  // MARK: Asking for a connection

  /// What to do for a caller that asks for a connection.
  public enum AcquireAction: Equatable {
    /// Give it this one.
    case lease(PoolConnectionID)
    /// It waits; meanwhile do this.
    case wait(Step)
    /// Tell it so at once.
    case fail(PoolError)
  }

  /// A caller asks for a connection and is ready to wait until `deadline`.
  public mutating func acquire(_ request: RequestID, deadline: Instant, now: Instant) -> AcquireAction {
    switch phase {
    case .draining, .stopped: return refuse(.shuttingDown)
    case .notStarted, .running: break
    }
    if waiters.isEmpty, let id = idle.last, case .idle(let since)? = connections[id]?.state,
      since + configuration.validateAfter >= now
    {
      idle.removeLast()
      lease(id, waitedFor: .zero)
      return .lease(id)
    }
    guard waiters.count < configuration.maximumWaiters else { return refuse(.queueFull) }
    guard deadline > now else { return refuse(.acquireTimeout) }
    if case .failing = reachability, hasNoLivingConnection { return acquireWhileFailing(request, deadline, now) }
    waiters.append(Waiter(request: request, since: now, deadline: deadline, onTimeout: .acquireTimeout))
    var step = Step()
    serveWaiters(now: now, into: &step)
    openWanted(now: now, into: &step)
    return .wait(step)
  }

  private mutating func acquireWhileFailing(
    _ request: RequestID, _ deadline: Instant, _ now: Instant
  ) -> AcquireAction {
    var step = Step()
    if connecting == 0 {
      guard lastAttempt.map({ $0 + configuration.minimumProbeInterval <= now }) ?? true else {
        return refuse(.unavailable)
      }
      open(now: now, into: &step)
    }
    let patience = (lastAttempt ?? now) + configuration.probeGrace
    guard patience > now else { return refuse(.unavailable) }
    waiters.append(
      Waiter(
        request: request, since: now, deadline: min(deadline, patience),
        onTimeout: deadline < patience ? .acquireTimeout : .unavailable))
    return .wait(step)
  }

  private mutating func refuse(_ error: PoolError) -> AcquireAction {
    counted.refused[error, default: 0] += 1
    return .fail(error)
  }

  /// A caller stops waiting. False when it does not wait any more, which is a harmless race: it has been answered.
  public mutating func cancel(_ request: RequestID) -> Bool {
    guard let index = waiters.firstIndex(where: { $0.request == request }) else { return false }
    waiters.remove(at: index)
    counted.cancelled += 1
    return true
  }

  // MARK: Giving one back

  /// What to do with a connection that was given back.
  public enum ReleaseAction: Equatable {
    /// Keep it.
    case park
    /// Give it to this caller.
    case serve(RequestID)
    /// Close it, and do this.
    case close(PoolCloseReason, Step)
    /// The pool does not know it any more: it was shut meanwhile.
    case ignore
  }

  /// A user gives its connection back.
  public mutating func release(
    _ id: PoolConnectionID, _ condition: PoolConnectionCondition, now: Instant
  ) -> ReleaseAction {
    guard let connection = connections[id], case .leased = connection.state else { return .ignore }
    let reason: PoolCloseReason? =
      switch condition {
      case .broken: .broken
      case .inTransaction: .inTransaction
      case .undrained: .undrained
      case .clean: connection.expires <= now ? .lifetime : nil
      }
    if let reason { return .close(reason, removing(id, reason, now: now)) }
    if let waiter = waiters.popFirst() {
      lease(id, waitedFor: waiter.since.duration(to: now))
      return .serve(waiter.request)
    }
    if case .draining = phase { return .close(.shutdown, removing(id, .shutdown, now: now)) }
    park(id, now: now)
    return .park
  }

  private mutating func removing(_ id: PoolConnectionID, _ reason: PoolCloseReason, now: Instant) -> Step {
    remove(id, reason)
    var step = Step()
    openWanted(now: now, into: &step)
    finishIfDrained(&step)
    return step
  }

  // MARK: Parts of several events

  /// Nothing is idle, in use or being asked: only attempts to connect, if at all.
  var hasNoLivingConnection: Bool { connections.count == connecting }

  mutating func lease(_ id: PoolConnectionID, waitedFor time: Duration) {
    connections[id]?.state = .leased
    counted.acquired += 1
    counted.acquireTime += time
    counted.longestAcquireTime = max(counted.longestAcquireTime, time)
  }

  mutating func park(_ id: PoolConnectionID, now: Instant) {
    connections[id]?.state = .idle(since: now)
    idle.append(id)
  }

  /// Takes the connection off the books.
  mutating func remove(_ id: PoolConnectionID, _ reason: PoolCloseReason) {
    guard let connection = connections.removeValue(forKey: id) else { return }
    switch connection.state {
    case .connecting: connecting -= 1
    case .validating: validating -= 1
    case .idle: idle.removeAll { $0 == id }
    case .leased: break
    }
    counted.closed[reason, default: 0] += 1
  }

  /// Hands idle connections to those who wait, asking first those that were idle for long.
  mutating func serveWaiters(now: Instant, into step: inout Step) {
    while waiters.count > validating, let id = idle.last, case .idle(let since)? = connections[id]?.state {
      idle.removeLast()
      if since + configuration.validateAfter < now {
        let deadline = now + configuration.validationTimeout
        connections[id]?.state = .validating(deadline: deadline)
        validating += 1
        step.validated.append(id)
      } else if let waiter = waiters.popFirst() {
        lease(id, waitedFor: waiter.since.duration(to: now))
        step.served.append(Served(request: waiter.request, connection: id))
      }
    }
  }

  /// Opens what is missing for those who wait and for the minimum; while failing, only the probe that is due.
  mutating func openWanted(now: Instant, into step: inout Step) {
    let minimum: Int
    switch phase {
    case .notStarted, .stopped: return
    case .running: minimum = configuration.minimumConnections
    case .draining: minimum = 0
    }
    if case .failing(_, let nextProbe) = reachability {
      if connecting == 0, nextProbe <= now, isProbeWanted { open(now: now, into: &step) }
      return
    }
    let wanted = max(minimum - connections.count, waiters.count - validating - connecting)
    let allowed = min(
      configuration.maximumConnections - connections.count, configuration.maximumConnecting - connecting)
    for _ in 0..<max(0, min(wanted, allowed)) { open(now: now, into: &step) }
  }

  /// While failing: whether another attempt serves anybody. A pool without a living connection always wants to know.
  var isProbeWanted: Bool {
    switch phase {
    case .notStarted, .stopped: false
    case .draining: !waiters.isEmpty && connections.count < configuration.maximumConnections
    case .running:
      hasNoLivingConnection || connections.count < configuration.minimumConnections
        || (!waiters.isEmpty && connections.count < configuration.maximumConnections)
    }
  }

  mutating func open(now: Instant, into step: inout Step) {
    lastNumber += 1
    let id = PoolConnectionID(number: lastNumber)
    connections[id] = Connection(state: .connecting, expires: now)
    connecting += 1
    lastAttempt = now
    step.opened.append(id)
  }

  mutating func finishIfDrained(_ step: inout Step) {
    if case .draining = phase, connections.isEmpty, waiters.isEmpty {
      phase = .stopped
      step.isFinished = true
    }
  }
}
