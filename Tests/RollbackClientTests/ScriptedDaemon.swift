import Glibc
import LinuxIO
import Locking
import Logging
import ProtobufC
import RollbackMessages
import RollbackTestKit
import TTRPC
import TTRPCCore

@testable import RollbackClient

/// A ttRPC server in this process that answers as a test says, and whose connections a test can cut.
final class ScriptedDaemon: Sendable {
  let clock = ManualClock()
  private let loop: EventLoop
  private let server: TTRPCServer
  private let options: ClientOptions
  private let state = Locked(State())

  private struct State {
    var connections: [TTRPCClient] = []
    var opened = 0
    var failures: [Int32] = []
  }

  fileprivate init(_ loop: EventLoop, _ methods: [ServerMethod], _ options: ClientOptions) {
    self.loop = loop
    self.options = options
    server = TTRPCServer(
      on: loop, methods: methods, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// How many connections have been made.
  var connectionCount: Int { state.withLock { $0.opened } }

  /// The next attempts to connect fail with these errors, in order.
  func refuseConnections(_ codes: [Int32]) { state.withLock { $0.failures += codes } }

  /// Every connection is lost.
  func cutConnections() {
    let connections = state.withLock { state in
      defer { state.connections = [] }
      return state.connections
    }
    for connection in connections { connection.close() }
  }

  fileprivate func open() async throws(RPCError) -> TTRPCClient {
    let failure = state.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
    if let failure {
      let cause = SystemError(operation: "connect", code: failure)
      throw RPCError(.unavailable, "\(cause)", origin: .unsent, cause: cause)
    }
    let (ours, servers) = MemoryTransport.pair()
    await server.accept(servers)
    let connection = try await TTRPCClient.connect(over: ours, on: loop, options: options)
    state.withLock { state in
      state.opened += 1
      state.connections.append(connection)
    }
    return connection
  }

  fileprivate func run() async { await server.run() }

  /// The daemon ends, and gives up what is under way.
  func shutDown() { server.shutDown(within: .zero) }

  fileprivate func stop() {
    state.withLock { $0.connections = [] }
    shutDown()
  }
}

/// Runs a scripted daemon and a client of it for as long as the body.
func withDaemon<Result: Sendable>(
  _ methods: [ServerMethod], configuration: RollbackClient.Configuration = RollbackClient.Configuration(),
  options: ClientOptions = ClientOptions(), random: @escaping @Sendable () -> Double = { 1 },
  _ body: @Sendable (ScriptedDaemon, RollbackClient) async throws -> Result
) async throws -> Result {
  let loop = try EventLoop.start(label: "test")
  defer {
    loop.stop()
    loop.join()
  }
  let daemon = ScriptedDaemon(loop, methods, options)
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await daemon.run() }
    defer { daemon.stop() }
    let client = RollbackClient(configuration, clock: daemon.clock, random: random, codec: ProtobufCodec()) {
      () async throws(RPCError) in try await daemon.open()
    }
    defer { client.session.close() }
    return try await body(daemon, client)
  }
}

/// The service's methods as the server has them.
enum Served {
  static let methods = Methods(ProtobufCodec())

  static func rollback(
    _ body: @escaping @Sendable (RollbackRequest, StreamWriter<RolloutFrame>) async throws -> Void
  ) -> ServerMethod {
    .serverStream(methods.rollback) { request, writer, _ in try await body(request, writer) }
  }

  static func deploy(
    _ body: @escaping @Sendable (DeployRequest, StreamWriter<RolloutFrame>) async throws -> Void
  ) -> ServerMethod {
    .serverStream(methods.deploy) { request, writer, _ in try await body(request, writer) }
  }

  static func watch(
    _ body: @escaping @Sendable (WatchDeployRequest, StreamWriter<RolloutFrame>) async throws -> Void
  ) -> ServerMethod {
    .serverStream(methods.watchDeploy) { request, writer, _ in try await body(request, writer) }
  }

  static func audit(
    _ body: @escaping @Sendable (AuditQueryRequest, StreamWriter<AuditPage>) async throws -> Void
  ) -> ServerMethod {
    .serverStream(methods.auditQuery) { request, writer, _ in try await body(request, writer) }
  }

  static func health(_ body: @escaping @Sendable () async throws -> GetHealthResponse) -> ServerMethod {
    .unary(methods.getHealth) { _, _ in try await body() }
  }

  static func cancel(
    _ body: @escaping @Sendable (CancelDeployRequest) async throws -> CancelDeployResponse
  ) -> ServerMethod {
    .unary(methods.cancelDeploy) { request, _ in try await body(request) }
  }
}

/// Never returns before it is cancelled: what a handler does whose caller is to lose the connection.
func untilCancelled() async throws {
  let (nothing, source) = AsyncStream.makeStream(of: Never.self)
  for await _ in nothing {}
  source.finish()
  try Task.checkCancellation()
}

extension RPCError {
  /// As the service refuses a call.
  static func refusal(
    _ reason: ErrorReason, _ message: String = "no", metadata: [String: String] = [:]
  ) -> RPCError {
    RPCError(
      StatusCode(wire: Int32(reason.statusCode)), message, info: ErrorInfo(reason: reason.rawValue, metadata: metadata))
  }
}

/// What `body` throws as a `RollbackError`; nil when it returns.
func error(_ body: () async throws(RollbackError) -> Void) async -> RollbackError? {
  do throws(RollbackError) {
    try await body()
    return nil
  } catch {
    return error
  }
}
