/// How many messages go each way in a call.
public enum MethodKind: Hashable, Sendable {
  /// One and one.
  case unary
  /// One to the server, any number back.
  case serverStream
  /// Any number to the server, one back.
  case clientStream
  /// Any number each way.
  case bidirectional

  /// Whether the client may send messages after the request.
  public var streamsFromClient: Bool { self == .clientStream || self == .bidirectional }
  /// Whether the server answers by Data frames.
  public var streamsFromServer: Bool { self == .serverStream || self == .bidirectional }
}
