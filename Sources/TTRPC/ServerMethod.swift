public import TTRPCCore

/// A method that a server answers: its description and its handler.
///
/// Handlers run on the server's loop and must not block it. Each has a task of its own, which is cancelled when nobody
/// waits for the call any more; see ``RequestContext/abandonment``. Throw ``RPCError`` to say what the caller is told; any
/// other error is logged and told as UNKNOWN without its text.
public struct ServerMethod: Sendable {
  let service: String
  let method: String
  let handler: any MethodHandler

  private init<Request, Reply>(_ rpc: RPC<Request, Reply>, _ handler: any MethodHandler) {
    precondition(rpc.kind == handler.kind, "\(rpc.service)/\(rpc.method) is registered as another kind of method")
    service = rpc.service
    method = rpc.method
    self.handler = handler
  }

  /// One message each way.
  public static func unary<Request, Reply>(
    _ rpc: RPC<Request, Reply>, _ body: @escaping @Sendable (Request, RequestContext) async throws -> Reply
  ) -> ServerMethod {
    ServerMethod(rpc, UnaryHandler(rpc: rpc, body: body))
  }

  /// One message to the server; any number back, until the handler returns.
  public static func serverStream<Request, Reply>(
    _ rpc: RPC<Request, Reply>,
    _ body: @escaping @Sendable (Request, StreamWriter<Reply>, RequestContext) async throws -> Void
  ) -> ServerMethod {
    ServerMethod(rpc, ServerStreamHandler(rpc: rpc, body: body))
  }

  /// Any number of messages to the server, one back.
  public static func clientStream<Request, Reply>(
    _ rpc: RPC<Request, Reply>,
    _ body: @escaping @Sendable (StreamReader<Request>, RequestContext) async throws -> Reply
  ) -> ServerMethod {
    ServerMethod(rpc, ClientStreamHandler(rpc: rpc, body: body))
  }

  /// Any number of messages each way, until the handler returns.
  public static func bidirectional<Request, Reply>(
    _ rpc: RPC<Request, Reply>,
    _ body: @escaping @Sendable (StreamReader<Request>, StreamWriter<Reply>, RequestContext) async throws -> Void
  ) -> ServerMethod {
    ServerMethod(rpc, BidirectionalHandler(rpc: rpc, body: body))
  }
}
