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
  private let gate: SchemaGate<LoopClock>
  private let maximumConnections: Int
  private let cluster: KubernetesClient
  private let clock: LoopClock
  private let server = Locked<TTRPCServer?>(nil)
  /// How long either may take to answer before it counts as away.
  private static let patience = Duration.seconds(2)

  init(
    postgres: PostgresClient, gate: SchemaGate<LoopClock>, maximumConnections: Int, cluster: KubernetesClient,
    clock: LoopClock
  ) {
    self.postgres = postgres
    self.gate = gate
    self.maximumConnections = maximumConnections
    self.cluster = cluster
    self.clock = clock
  }

  var connections: Int {
    get async { await server.withLock { $0 }?.connectionCount ?? 0 }
  }

  var obstacle: String? { gate.obstacle }

  /// Whose connections are counted: the server is made of methods, and they of this.
  func observe(_ server: TTRPCServer) {
    self.server.withLock { $0 = server }
  }

  func database() async -> DatabaseHealth {
    var health = DatabaseHealth(state: .ok)
    do {
      let (status, newest) = try await limit.run { [postgres] in
        try await withDatabaseErrors { try await SchemaMigrator(client: postgres).look() }
      }
      health.schemaVersion = UInt32(clamping: newest)
      // Somebody has migrated it, or taken it away, since this daemon began.
      if let problem = status.problem {
        health.state = status == .missing ? .down : .degraded
        health.message = problem
      }
    } catch {
      health.state = .down
      let known = error as? ServiceError
      health.message = known?.reason == .unavailable ? known?.message ?? "" : "\(error)"
    }
    if let obstacle {
      health.state = .down
      health.message = obstacle
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
      let version = try await limit.run { [cluster] in try await cluster.version() }
      return ClusterHealth(state: .ok, server: server, version: version.gitVersion)
    } catch {
      return ClusterHealth(state: .down, message: "\(error)", server: server)
    }
  }

  private var limit: TimeLimit<LoopClock> { TimeLimit(Self.patience, clock) }
}
