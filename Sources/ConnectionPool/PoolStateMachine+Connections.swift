internal import DequeModule

extension PoolStateMachine {
  // MARK: Opening

  /// A connection is open. `random` is in 0..<1.
  ///
  /// When the pool was shut meanwhile the step closes it again.
  public mutating func connected(_ id: PoolConnectionID, now: Instant, random: Double) -> Step {
    var step = Step()
    guard var connection = connections[id], case .connecting = connection.state else {
      step.closed.append(Closed(connection: id, reason: .shutdown))
      return step
    }
    connecting -= 1
    counted.opened += 1
    reachability = .reachable
    connection.expires = now + configuration.lifetime * (1 - random / 10)
    connection.state = .idle(since: now)
    connections[id] = connection
    idle.append(id)
    serveWaiters(now: now, into: &step)
    if case .draining = phase, idle.last == id {
      remove(id, .shutdown)
      step.closed.append(Closed(connection: id, reason: .shutdown))
    }
    openWanted(now: now, into: &step)
    finishIfDrained(&step)
    return step
  }

  /// A connection could not be opened. `random` is in 0..<1.
  ///
  /// When no other connection lives, everybody who waits is told at once.
  public mutating func connectFailed(_ id: PoolConnectionID, now: Instant, random: Double) -> Step {
    var step = Step()
    guard case .connecting? = connections[id]?.state else { return step }
    connections[id] = nil
    connecting -= 1
    counted.openFailures += 1
    let failures: Int
    if case .failing(let before, _) = reachability { failures = before + 1 } else { failures = 1 }
    reachability = .failing(failures: failures, nextProbe: now + backoff(failures: failures) * random)
    if connections.isEmpty {
      while let waiter = waiters.popFirst() { refuse(waiter, .unavailable, into: &step) }
    }
    finishIfDrained(&step)
    return step
  }

  /// The longest pause after so many failures in a row.
  func backoff(failures: Int) -> Duration {
    // 2^20 times the least pause is past any sensible greatest one.
    min(configuration.maximumBackoff, configuration.minimumBackoff * (1 << min(failures - 1, 20)))
  }

  // MARK: While they live

  /// A connection that was asked has answered, or failed to.
  public mutating func validated(_ id: PoolConnectionID, isAlive: Bool, now: Instant) -> Step {
    var step = Step()
    guard let connection = connections[id], case .validating = connection.state else { return step }
    if !isAlive {
      close(id, .validationFailed, into: &step)
    } else if connection.expires <= now {
      close(id, .lifetime, into: &step)
    } else {
      validating -= 1
      park(id, now: now)
    }
    settle(now: now, into: &step)
    return step
  }

  /// The server closed a connection that nobody uses, or it failed. For one in use, ``release(_:_:now:)`` tells.
  public mutating func broke(_ id: PoolConnectionID, now: Instant) -> Step {
    var step = Step()
    switch connections[id]?.state {
    case .idle?, .validating?: close(id, .broken, into: &step)
    case .connecting?, .leased?, nil: return step
    }
    settle(now: now, into: &step)
    return step
  }

  // MARK: Time

  /// When ``timeReached(now:)`` is wanted next; nil when nothing waits for time.
  public var nextDeadline: Instant? {
    var earliest: Instant?
    func consider(_ instant: Instant) { earliest = earliest.map { min($0, instant) } ?? instant }
    for waiter in waiters { consider(waiter.deadline) }
    let mayShrink = connections.count > configuration.minimumConnections
    for connection in connections.values {
      switch connection.state {
      case .idle(let since):
        consider(connection.expires)
        if mayShrink { consider(since + configuration.idleTimeout) }
      case .validating(let deadline): consider(deadline)
      case .connecting, .leased: break
      }
    }
    if case .failing(_, let nextProbe) = reachability, connecting == 0, isProbeWanted { consider(nextProbe) }
    return earliest
  }

  /// Time has passed; calling it early or often does no harm.
  public mutating func timeReached(now: Instant) -> Step {
    var step = Step()
    var index = waiters.startIndex
    while index < waiters.endIndex {
      let waiter = waiters[index]
      if waiter.deadline <= now {
        waiters.remove(at: index)
        refuse(waiter, waiter.onTimeout, into: &step)
      } else {
        index += 1
      }
    }
    // Oldest first; a copy, for closing changes it.
    for id in idle {
      guard let connection = connections[id], case .idle(let since) = connection.state else { continue }
      if connection.expires <= now {
        close(id, .lifetime, into: &step)
      } else if since + configuration.idleTimeout <= now, connections.count > configuration.minimumConnections {
        close(id, .idle, into: &step)
      }
    }
    let unanswered = connections.filter {
      if case .validating(let deadline) = $0.value.state { deadline <= now } else { false }
    }
    for id in unanswered.keys { close(id, .validationFailed, into: &step) }
    settle(now: now, into: &step)
    return step
  }

  // MARK: Start and end

  /// Opens the minimum.
  public mutating func start(now: Instant) -> Step {
    var step = Step()
    guard case .notStarted = phase else { return step }
    phase = .running
    openWanted(now: now, into: &step)
    return step
  }

  /// The graceful end: no new callers; those who wait are served; each connection closes when it is given back.
  public mutating func drain() -> Step {
    var step = Step()
    switch phase {
    case .notStarted: return stop()
    case .running: phase = .draining
    case .draining, .stopped: return step
    }
    for id in idle { close(id, .shutdown, into: &step) }
    if waiters.isEmpty {
      for (id, connection) in connections {
        if case .connecting = connection.state { close(id, .shutdown, into: &step) }
        if case .validating = connection.state { close(id, .shutdown, into: &step) }
      }
    }
    finishIfDrained(&step)
    return step
  }

  /// The end at once: everybody who waits is refused, every connection is closed, also those in use.
  public mutating func stop() -> Step {
    var step = Step()
    if case .stopped = phase { return step }
    phase = .stopped
    while let waiter = waiters.popFirst() { refuse(waiter, .shuttingDown, into: &step) }
    for id in connections.keys { close(id, .shutdown, into: &step) }
    step.isFinished = true
    return step
  }

  // MARK: Parts

  private mutating func close(_ id: PoolConnectionID, _ reason: PoolCloseReason, into step: inout Step) {
    remove(id, reason)
    step.closed.append(Closed(connection: id, reason: reason))
  }

  private mutating func refuse(_ waiter: Waiter, _ error: PoolError, into step: inout Step) {
    counted.refused[error, default: 0] += 1
    step.refused.append(Refused(request: waiter.request, error: error))
  }

  private mutating func settle(now: Instant, into step: inout Step) {
    serveWaiters(now: now, into: &step)
    if case .draining = phase, waiters.isEmpty {
      for id in idle { close(id, .shutdown, into: &step) }
    }
    openWanted(now: now, into: &step)
    finishIfDrained(&step)
  }
}
