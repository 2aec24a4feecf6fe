/// The one connection of a client: whether there is one, who makes it, who waits for that.
///
/// Any number of calls ask for the connection at once; when it has been lost, the first that asks makes the next one
/// and the others wait for it.
struct SessionStateMachine<Connection: AnyObject & Sendable, Waiter: Sendable>: Sendable {
  private enum State: Sendable {
    /// → connecting, closed
    case idle
    /// Somebody is making a connection. → connected, idle, closed
    case connecting([Waiter])
    /// → connecting (when it has been lost), closed
    case connected(Connection)
    /// Final.
    case closed
  }

  private var state = State.idle

  enum AskAction: Sendable {
    case use(Connection)
    /// Make a connection, then tell ``connected(_:)`` or ``failed()``.
    case connect
    /// Somebody else makes one: ``wait(_:)``.
    case wait
    /// The client is closed.
    case refuse
  }

  /// A call needs the connection.
  ///
  /// - Parameter lost: a connection that proved to be of no use; another one is wanted.
  mutating func ask(replacing lost: Connection?) -> AskAction {
    switch state {
    case .connected(let connection) where connection !== lost:
      return .use(connection)
    case .idle, .connected:
      state = .connecting([])
      return .connect
    case .connecting: return .wait
    case .closed: return .refuse
    }
  }

  /// Waits for the connection that is being made; false when it is not being made any more: ask again.
  mutating func wait(_ waiter: Waiter) -> Bool {
    guard case .connecting(var waiters) = state else { return false }
    waiters.append(waiter)
    state = .connecting(waiters)
    return true
  }

  enum ConnectedAction: Sendable {
    /// Use it, and let the waiters ask again.
    case use(wake: [Waiter])
    /// The client was closed meanwhile: close it.
    case discard
  }

  /// Whoever was asked to connect has.
  mutating func connected(_ connection: Connection) -> ConnectedAction {
    switch state {
    case .connecting(let waiters):
      state = .connected(connection)
      return .use(wake: waiters)
    case .closed: return .discard
    case .idle, .connected: preconditionFailure("a connection that nobody was asked to make")
    }
  }

  /// Whoever was asked to connect could not. Returns those who are to be told.
  mutating func failed() -> [Waiter] {
    switch state {
    case .connecting(let waiters):
      state = .idle
      return waiters
    case .closed: return []
    case .idle, .connected: preconditionFailure("a failure to make what nobody was asked to make")
    }
  }

  /// The client is of no use any more. Returns the connection to close, and those who wait for one.
  mutating func close() -> (Connection?, [Waiter]) {
    defer { state = .closed }
    return switch state {
    case .connected(let connection): (connection, [])
    case .connecting(let waiters): (nil, waiters)
    case .idle, .closed: (nil, [])
    }
  }
}
