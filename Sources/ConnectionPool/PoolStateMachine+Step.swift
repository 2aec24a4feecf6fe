extension PoolStateMachine {
  /// A caller and the connection that it gets.
  public struct Served: Hashable, Sendable {
    public let request: RequestID
    public let connection: PoolConnectionID
  }

  /// A caller and why it gets none.
  public struct Refused: Hashable, Sendable {
    public let request: RequestID
    public let error: PoolError
  }

  /// A connection to close and why.
  public struct Closed: Hashable, Sendable {
    public let connection: PoolConnectionID
    public let reason: PoolCloseReason
  }

  /// What is to be done after an event that can concern several callers and connections; mostly empty.
  public struct Step: Hashable, Sendable {
    /// Give these connections to these callers.
    public var served: [Served] = []
    /// Tell these callers that they get none.
    public var refused: [Refused] = []
    /// Close these.
    public var closed: [Closed] = []
    /// Ask these whether they answer, and report by ``PoolStateMachine/validated(_:isAlive:now:)``.
    public var validated: [PoolConnectionID] = []
    /// Open these, and report by ``PoolStateMachine/connected(_:now:random:)`` or
    /// ``PoolStateMachine/connectFailed(_:now:random:)``.
    public var opened: [PoolConnectionID] = []
    /// The pool is shut and empty.
    public var isFinished = false
  }
}
