/// One call as the client sees it: what its frames mean, and which frames may still be sent.
public struct ClientStreamStateMachine: Sendable {
  public let kind: MethodKind
  /// Whether this side has said that it sends no more.
  private var hasSentAll: Bool

  /// Opens a call of that kind.
  public init(kind: MethodKind) {
    self.kind = kind
    hasSentAll = !kind.streamsFromClient
  }

  /// The flags of the Request that opens the call.
  public var openingFlags: Flags {
    switch kind {
    case .unary: []
    case .serverStream: .remoteClosed
    // As Go's client does, with an empty payload.
    case .clientStream, .bidirectional: .remoteOpen
    }
  }

  /// What a frame from the server brings.
  public enum Input: Hashable, Sendable {
    /// One message; more may come.
    case message
    /// One message, and the call is over.
    case messageAndEnd
    /// The call is over and went well.
    case end
    /// Its data is a ``ResponseEnvelope``, which ends the call.
    case response
    /// Nothing: Data without a message, or a type that we do not know.
    case nothing
    /// The server broke the protocol, which ends the call.
    case violation(RPCStatus)
  }

  /// A frame has come.
  public func received(_ header: FrameHeader) -> Input {
    switch header.type {
    case .response:
      return .response
    case .data:
      let ends = header.flags.contains(.remoteClosed)
      guard kind.streamsFromServer else {
        return .violation(RPCStatus(.internal, "the server sent data for a method with one reply"))
      }
      if header.flags.contains(.noData) { return ends ? .end : .nothing }
      return ends ? .messageAndEnd : .message
    default:
      return .nothing
    }
  }

  /// Whether this side may send a message.
  public var maySend: Bool { !hasSentAll }

  /// This side sends no more. True when an empty Data frame with ``Flags/end`` is to be sent, false when it has been.
  public mutating func endSending() -> Bool {
    defer { hasSentAll = true }
    return !hasSentAll
  }
}
