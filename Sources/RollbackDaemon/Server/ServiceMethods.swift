internal import LinuxIO
internal import ProtobufC
internal import RollbackMessages
internal import RollbackService
internal import TTRPC
internal import TTRPCCore

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// The service's methods as the ttRPC server answers them: bytes become messages, refusals become statuses.
struct ServiceMethods: Sendable {
  let service: RollbackService<LoopClock>
  let codec: ProtobufCodec
  let users: UserNames

  var all: [ServerMethod] {
    [
      unary(.listDeploys) { try await service.listDeploys($0, from: $1) },
      unary(.planRollback) { try await service.planRollback($0, from: $1) },
      unary(.cancelDeploy) { try await service.cancelDeploy($0, from: $1) },
      unary(.verifyAudit) { try await service.verifyAudit($0, from: $1) },
      unary(.getHealth) { try await service.health($0, from: $1) },
      unary(.registerApp) { try await service.registerApp($0, from: $1) },
      unary(.listApps) { try await service.listApps($0, from: $1) },
      unary(.recordMigration) { try await service.recordMigration($0, from: $1) },
      unary(.listMigrations) { try await service.listMigrations($0, from: $1) },
      stream(.rollback) {
        #if ROLLBACKD_FAILPOINTS
          try await Failpoint.requestDecoded.befall()
        #endif
        try await service.rollback($0, from: $1, send: $2)
      },
      stream(.deploy) {
        #if ROLLBACKD_FAILPOINTS
          try await Failpoint.requestDecoded.befall()
        #endif
        try await service.deploy($0, from: $1, send: $2)
      },
      stream(.watchDeploy) { try await service.watchDeploy($0, from: $1, send: $2) },
      stream(.auditQuery) { try await service.queryAudit($0, from: $1, send: $2) },
    ]
  }

  private func rpc<Request: ProtobufMessage & Sendable, Reply: ProtobufMessage & Sendable>(
    _ method: RollbackMethod, _ kind: MethodKind, _: Request.Type, _: Reply.Type
  ) -> RPC<Request, Reply> {
    RPC(RollbackMethod.service, method.rawValue, kind, request: .protobuf(codec), reply: .protobuf(codec))
  }

  private func unary<Request: ProtobufMessage & Sendable, Reply: ProtobufMessage & Sendable>(
    _ method: RollbackMethod, _ body: @escaping @Sendable (Request, Caller) async throws -> Reply
  ) -> ServerMethod {
    .unary(rpc(method, .unary, Request.self, Reply.self)) { [users] request, context in
      try await withStatuses { try await body(request, await users.caller(context.peer)) }
    }
  }

  private func stream<Request: ProtobufMessage & Sendable, Reply: ProtobufMessage & Sendable>(
    _ method: RollbackMethod,
    _ body: @escaping @Sendable (Request, Caller, @Sendable (Reply) async throws -> Void) async throws -> Void
  ) -> ServerMethod {
    .serverStream(rpc(method, .serverStream, Request.self, Reply.self)) { [users] request, writer, context in
      try await withStatuses {
        try await body(request, await users.caller(context.peer)) { try await writer.send($0) }
      }
    }
  }
}

/// Turns the service's refusals into the statuses that travel.
private func withStatuses<Result>(_ body: () async throws -> Result) async throws -> Result {
  do {
    return try await body()
  } catch let error as ServiceError {
    throw RPCError(
      StatusCode(rawValue: Int32(error.reason.statusCode)) ?? .internal, error.message,
      info: ErrorInfo(reason: error.reason.rawValue, metadata: error.details), cause: error.cause)
  }
}
