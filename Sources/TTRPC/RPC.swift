public import TTRPCCore

/// A method of a service: its name, how many messages go each way, and how they are coded.
///
/// One description serves both sides: a server registers a handler for it, a client calls it.
public struct RPC<Request: Sendable, Reply: Sendable>: Sendable {
  /// The service's full name, for example `rollback.v1.RollbackService`.
  public let service: String
  /// The method's name, for example `ListDeploys`.
  public let method: String
  public let kind: MethodKind
  let request: PayloadCoder<Request>
  let reply: PayloadCoder<Reply>

  public init(
    _ service: String, _ method: String, _ kind: MethodKind, request: PayloadCoder<Request>, reply: PayloadCoder<Reply>
  ) {
    self.service = service
    self.method = method
    self.kind = kind
    self.request = request
    self.reply = reply
  }
}
