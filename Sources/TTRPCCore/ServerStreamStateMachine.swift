/// One call as the server sees it: what its frames mean, and which frames may still be sent.
///
/// The rules are those of ttRPC's PROTOCOL.md, and for what it leaves open, of the peers in use: see each case.
public struct ServerStreamStateMachine: Sendable {
  private enum State {
    /// The client may send more. → halfClosed, ended
    case open
    /// The client has sent all. → ended
    case halfClosed
    /// The last frame has been sent. Final.
    case ended
  }

  public let kind: MethodKind
  private var state: State

  /// What the opening Request brings.
  public struct Opening: Hashable, Sendable {
    /// Whether its payload is a message for the handler.
    public var hasMessage: Bool
    /// Whether it is also the last one.
    public var isLast: Bool
  }

  /// What a Data frame brings.
  public enum Input: Hashable, Sendable {
    case message
    case messageAndEnd
    case end
    /// Nothing: a repeated end, or a frame for a call that has been answered.
    case nothing
    /// The client broke the protocol: fail the call with this.
    case violation(RPCStatus)
  }

  /// How a call that went well is ended.
  public enum Ending: Hashable, Sendable {
    /// By a Response with the reply.
    case response
    /// By an empty Data frame with ``Flags/end``. Never by a Response without error, which Go's client delivers as one
    /// more, empty message.
    case endOfData
  }

  /// Opens the stream of a method of that kind.
  ///
  /// Flags that do not fit the kind are tolerated, as Go's server does.
  public init(kind: MethodKind, flags: Flags, hasPayload: Bool) {
    self.kind = kind
    state = flags.contains(.remoteOpen) && !flags.contains(.remoteClosed) ? .open : .halfClosed
    opening = Opening(
      // Where the client streams, Go opens with an empty payload and without `noData`: that is no message. Where it does
      // not, no bytes are the empty request (containerd/ttrpc issue 126).
      hasMessage: kind.streamsFromClient ? hasPayload && !flags.contains(.noData) : true,
      isLast: kind.streamsFromClient ? state == .halfClosed : true)
  }

  public let opening: Opening

  /// A Data frame has come.
  public mutating func received(_ flags: Flags) -> Input {
    let ends = flags.contains(.remoteClosed)
    let isEmpty = flags.contains(.noData)
    switch state {
    case .ended:
      // The client may not know yet that the call is over: a harmless race.
      return .nothing
    case .halfClosed:
      return isEmpty ? .nothing : .violation(RPCStatus(.invalidArgument, "data after the end of the stream"))
    case .open:
      if ends { state = .halfClosed }
      if isEmpty { return ends && kind.streamsFromClient ? .end : .nothing }
      guard kind.streamsFromClient else {
        return .violation(RPCStatus(.invalidArgument, "data for a method that takes one message"))
      }
      return ends ? .messageAndEnd : .message
    }
  }

  /// The handler has returned without error. Nil when the call was ended before, by a deadline or a violation.
  public mutating func succeed() -> Ending? {
    guard state != .ended else { return nil }
    state = .ended
    return kind.streamsFromServer ? .endOfData : .response
  }

  /// The call has failed: true when its status is to be sent, false when the call was over already.
  public mutating func fail() -> Bool {
    defer { state = .ended }
    return state != .ended
  }
}
