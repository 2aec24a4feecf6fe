internal import ConnectionPool
internal import HTTPClient
internal import KubernetesClient
internal import LinuxIO
internal import Locking
internal import Postgres
internal import RollbackMessages
internal import RollbackService
internal import TTRPC

/// Asks the database and the API server how they are, each within a short time.
final class DaemonHealth: DependencyHealth {
  private let postgres: PostgresClient
  private let maximumConnections: Int
  private let cluster: KubernetesClient
  private let clock: LoopClock
  private let server = Locked<TTRPCServer?>(nil)
  /// How long either may take to answer before it counts as away.
  private static let patience = Duration.seconds(2)

  init(postgres: PostgresClient, maximumConnections: Int, cluster: KubernetesClient, clock: LoopClock) {
    self.postgres = postgres
    self.maximumConnections = maximumConnections
    self.cluster = cluster
    self.clock = clock
  }

  var connections: Int {
    get async { await server.withLock { $0 }?.connectionCount ?? 0 }
  }

  /// Whose connections are counted: the server is made of methods, and they of this.
  func observe(_ server: TTRPCServer) {
    self.server.withLock { $0 = server }
  }

  func database() async -> DatabaseHealth {
    var health = DatabaseHealth(state: .ok)
    do {
      let rows = try await within { [postgres] in
        try await postgres.read("SELECT coalesce(max(number), 0)::bigint FROM paas_rollbackd_schema")
      }
      health.schemaVersion = UInt32(clamping: try rows.first?.int(0) ?? 0)
    } catch {
      health.state = .down
      health.message = "\(error)"
    }
    let statistics = await postgres.statistics
    health.inUse = UInt32(clamping: statistics.inUse)
    health.idle = UInt32(clamping: statistics.idle)
    health.waiting = UInt32(clamping: statistics.waiting)
    health.maximum = UInt32(clamping: maximumConnections)
    health.opened = UInt64(clamping: statistics.opened)
    return health
  }

  func clusterHealth() async -> ClusterHealth {
    let server = cluster.access.server.description
    do {
      let version = try await within { [cluster] in try await cluster.version() }
      return ClusterHealth(state: .ok, server: server, version: version.gitVersion)
    } catch {
      return ClusterHealth(state: .down, message: "\(error)", server: server)
    }
  }

  private func within<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { [clock] group in
      group.addTask { try await work() }
      group.addTask {
        try await clock.sleep(until: clock.now.advanced(by: Self.patience), tolerance: nil)
        throw ServiceError(.unavailable, "no answer within 2 s")
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() else { throw CancellationError() }
      return value
    }
  }
}
