public import TTRPCCore

/// What goes with one call of a client beside its message.
public struct CallOptions: Sendable {
  /// How long to wait in all; nil for ever. The server is told, and the call fails here with DEADLINE_EXCEEDED even
  /// when the server does not heed it. Streaming calls may send it too, but servers written in Go do not read it there.
  public var timeout: Duration?
  /// Facts to send along.
  public var metadata: Metadata

  public init(timeout: Duration? = nil, metadata: Metadata = Metadata()) {
    self.timeout = timeout
    self.metadata = metadata
  }
}

/// How a client treats its connection.
public struct ClientOptions: Sendable {
  /// Message size, marks and timeouts; those about connections and streams are a server's.
  public var limits = TransportLimits()
  /// How long a stream's reader may leave its full inbox alone. 10 s.
  ///
  /// Meanwhile nothing is read from the connection, which stops its other calls too: ttRPC has no flow control. Then
  /// that stream fails with RESOURCE_EXHAUSTED and the others go on. Nil waits for ever.
  public var inboxStallTimeout: Duration? = .seconds(10)

  public init() {}
}
