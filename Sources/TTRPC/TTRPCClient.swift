public import LinuxIO
public import ProtobufC
public import TTRPCCore

/// One connection to a server, for any number of calls at once.
///
/// It does not reconnect: when the connection is lost every call fails with an ``RPCError`` whose
/// ``RPCError/isConnectionLoss`` is true, and so does every later one. Letting go of the client closes it.
///
/// Calls are given up by cancelling the task that waits for them. ttRPC has no frame to tell the server, which works on
/// unless the call has a deadline.
public final class TTRPCClient: Sendable {
  private let loop: EventLoop
  private let connection: ClientConnection

  private init(_ connection: ClientConnection, on loop: EventLoop) {
    self.connection = connection
    self.loop = loop
  }

  deinit {
    loop.execute { [connection] in connection.close() }
  }

  /// Connects to a server's socket.
  ///
  /// - Throws: UNAVAILABLE, with the ``SystemError`` as cause: `ENOENT` there is no such socket, `ECONNREFUSED` nobody
  ///   listens, `EACCES` its permissions forbid it, `EAGAIN` too many wait already.
  public static func connect(
    to address: UnixAddress, on loop: EventLoop, options: ClientOptions = ClientOptions(),
    codec: ProtobufCodec = ProtobufCodec()
  ) async throws(RPCError) -> TTRPCClient {
    let transport: SocketTransport
    do throws(SystemError) {
      transport = SocketTransport(try UnixStream.connect(to: address))
    } catch {
      throw RPCError(.unavailable, "\(error)", origin: .unsent, cause: error)
    }
    return try await start(transport, on: loop, options: options, codec: codec)
  }

  /// Connects to a server within this process.
  public static func connect(
    over transport: MemoryTransport, on loop: EventLoop, options: ClientOptions = ClientOptions(),
    codec: ProtobufCodec = ProtobufCodec()
  ) async throws(RPCError) -> TTRPCClient {
    try await start(transport, on: loop, options: options, codec: codec)
  }

  private static func start(
    _ transport: any Transport & Sendable, on loop: EventLoop, options: ClientOptions, codec: ProtobufCodec
  ) async throws(RPCError) -> TTRPCClient {
    let connection = ClientConnection(on: loop, options: options, codec: codec)
    do {
      try await loop.call { try connection.start(transport) }
    } catch {
      throw RPCError(.unavailable, "\(error)", origin: .unsent, cause: error)
    }
    return TTRPCClient(connection, on: loop)
  }

  /// Calls a method with one message each way.
  ///
  /// - Throws: what the server answered; DEADLINE_EXCEEDED; CANCELLED when the task was cancelled; the loss of the
  ///   connection. ``RPCError/origin`` tells them apart.
  public func call<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ request: Request, _ options: CallOptions = CallOptions()
  ) async throws(RPCError) -> Reply {
    precondition(rpc.kind == .unary, "\(rpc.method) is no unary method")
    let inbox = Inbox(rpc.reply, capacity: connection.options.limits.maximumInboxBytes)
    let call = ClientCall(.unary, inbox, on: connection)
    let next = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        loop.perform { [connection] in
          connection.begin(call, (rpc.service, rpc.method), (request, rpc.request), options)
          inbox.take(continuation)
        }
      }
    } onCancel: {
      loop.execute { [connection] in
        connection.end(call, RPCError(.cancelled, "the task that made the call was cancelled"))
      }
    }
    guard let reply = try next.get() else { throw RPCError(.internal, "the server ended the call without a reply") }
    return reply
  }

  /// Calls a method that answers with any number of messages. Does not wait for the first.
  ///
  /// - Returns: the messages; letting go of the reader gives the call up.
  public func serverStream<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ request: Request, _ options: CallOptions = CallOptions()
  ) -> StreamReader<Reply> {
    precondition(rpc.kind == .serverStream, "\(rpc.method) does not stream from the server only")
    return open(rpc, (request, rpc.request), options).reader
  }

  /// Calls a method that takes any number of messages and answers with one. Does not wait.
  public func clientStream<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ options: CallOptions = CallOptions()
  ) -> ClientStream<Request, Reply> {
    precondition(rpc.kind == .clientStream, "\(rpc.method) does not stream from the client only")
    let (call, reader) = open(rpc, nil, options)
    return ClientStream(writer: StreamWriter(side: call, coder: rpc.request), reader: reader)
  }

  /// Calls a method with any number of messages each way. Does not wait.
  ///
  /// - Returns: both directions; letting go of the reader gives the call up.
  public func bidirectional<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ options: CallOptions = CallOptions()
  ) -> (writer: StreamWriter<Request>, reader: StreamReader<Reply>) {
    precondition(rpc.kind == .bidirectional, "\(rpc.method) does not stream both ways")
    let (call, reader) = open(rpc, nil, options)
    return (StreamWriter(side: call, coder: rpc.request), reader)
  }

  private func open<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ request: (Request, PayloadCoder<Request>)?, _ options: CallOptions
  ) -> (call: ClientCall, reader: StreamReader<Reply>) {
    let inbox = Inbox(rpc.reply, capacity: connection.options.limits.maximumInboxBytes)
    let call = ClientCall(rpc.kind, inbox, on: connection)
    loop.perform { [connection] in connection.begin(call, (rpc.service, rpc.method), request, options) }
    let lease = StreamLease { [loop, connection] in
      loop.execute { connection.end(call, RPCError(.cancelled, "nobody reads the stream any more")) }
    }
    return (call, StreamReader(loop: loop, inbox: inbox, lease: lease))
  }

  /// Closes the connection; calls under way fail as if it had been lost.
  public func close() {
    loop.perform { [connection] in connection.close() }
  }

  /// Suspends until the connection is gone, for whatever reason.
  public func waitUntilClosed() async {
    await withUnsafeContinuation { continuation in
      loop.perform { [connection] in connection.waitUntilClosed(continuation) }
    }
  }
}

/// A call to which the client sends any number of messages, for one reply.
public struct ClientStream<Request: Sendable, Reply: Sendable>: Sendable {
  /// Where the messages go; ``StreamWriter/finish()`` when there is no further one.
  public let writer: StreamWriter<Request>
  let reader: StreamReader<Reply>

  /// The reply; asked for once. The server may answer before it has been sent everything.
  ///
  /// - Throws: as ``TTRPCClient/call(_:_:_:)``.
  public func reply() async throws(RPCError) -> Reply {
    guard let reply = try await reader.next() else {
      throw RPCError(.internal, "the server ended the call without a reply")
    }
    return reply
  }
}
