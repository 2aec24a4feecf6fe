internal import TTRPCCore

/// Starts what a request asks for; knows the types of its messages.
protocol MethodHandler: Sendable {
  var kind: MethodKind { get }
  /// On the loop. Errors of the request itself are thrown, everything later is the call's.
  func start(_ request: IncomingRequest) throws
}

/// A request that has been let through. Good until the frame's processing ends.
struct IncomingRequest {
  let header: FrameHeader
  let envelope: RequestEnvelope
  let payload: UnsafeRawBufferPointer
  let entry: MethodTable.Entry
  let connection: ServerConnection
}

/// Reads a request's message; what is wrong with it is the caller's fault.
private func decode<Message>(
  _ bytes: UnsafeRawBufferPointer, _ coder: PayloadCoder<Message>
) throws(RPCError) -> Message {
  do {
    return try coder.decode(bytes)
  } catch {
    throw .badPayload(error)
  }
}

extension RPCError {
  /// A message that cannot be decoded. The errors of the codec name fields and never quote what is in them.
  static func badPayload(_ error: any Error) -> RPCError {
    RPCError(
      .invalidArgument, "malformed message: \(error)", info: ErrorInfo(reason: "invalid_argument"), cause: error)
  }
}

struct UnaryHandler<Request: Sendable, Reply: Sendable>: MethodHandler {
  let rpc: RPC<Request, Reply>
  let body: @Sendable (Request, RequestContext) async throws -> Reply
  var kind: MethodKind { .unary }

  func start(_ request: IncomingRequest) throws {
    let message = try decode(request.payload, rpc.request)
    let (call, context, _) = request.connection.open(request)
    call.run { [body, rpc] in call.reply(try await body(message, context), rpc.reply) }
  }
}

struct ServerStreamHandler<Request: Sendable, Reply: Sendable>: MethodHandler {
  let rpc: RPC<Request, Reply>
  let body: @Sendable (Request, StreamWriter<Reply>, RequestContext) async throws -> Void
  var kind: MethodKind { .serverStream }

  func start(_ request: IncomingRequest) throws {
    let message = try decode(request.payload, rpc.request)
    let (call, context, _) = request.connection.open(request)
    let writer = StreamWriter(side: call, coder: rpc.reply)
    call.run { [body] in
      try await body(message, writer, context)
      call.endOfData()
    }
  }
}

struct ClientStreamHandler<Request: Sendable, Reply: Sendable>: MethodHandler {
  let rpc: RPC<Request, Reply>
  let body: @Sendable (StreamReader<Request>, RequestContext) async throws -> Reply
  var kind: MethodKind { .clientStream }

  func start(_ request: IncomingRequest) throws {
    let (call, context, reader) = try request.openStream(rpc.request)
    call.run { [body, rpc] in call.reply(try await body(reader, context), rpc.reply) }
  }
}

struct BidirectionalHandler<Request: Sendable, Reply: Sendable>: MethodHandler {
  let rpc: RPC<Request, Reply>
  let body: @Sendable (StreamReader<Request>, StreamWriter<Reply>, RequestContext) async throws -> Void
  var kind: MethodKind { .bidirectional }

  func start(_ request: IncomingRequest) throws {
    let (call, context, reader) = try request.openStream(rpc.request)
    let writer = StreamWriter(side: call, coder: rpc.reply)
    call.run { [body] in
      try await body(reader, writer, context)
      call.endOfData()
    }
  }
}

extension IncomingRequest {
  /// Opens a call whose client sends messages; the payload may be the first one.
  fileprivate func openStream<Message>(
    _ coder: PayloadCoder<Message>
  ) throws(RPCError) -> (ServerCall, RequestContext, StreamReader<Message>) {
    let inbox = Inbox(coder, capacity: connection.limits.maximumInboxBytes, budget: connection.inboxes)
    let mayHaveMessage = !payload.isEmpty && !header.flags.contains(.noData)
    if mayHaveMessage {
      do {
        try inbox.receive(payload)
      } catch {
        throw error as? RPCError ?? .badPayload(error)
      }
    }
    let (call, context, opening) = connection.open(self)
    call.feed = inbox
    if opening.isLast { inbox.finish(nil) }
    return (call, context, StreamReader(loop: call.loop, inbox: inbox))
  }
}
