public import Logging
public import RollbackMessages

/// The service behind the socket: one method an RPC (see Handlers), and the operations that they begin.
///
/// It knows neither sockets nor libpq nor libcurl: what it needs of the world it is given as protocols.
public final class RollbackService<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  let deploys: any DeployStore
  let operations: any OperationStore
  let audit: any AuditLog
  let cluster: any Cluster
  /// Nil where none is configured.
  let registry: (any ImageRegistry)?
  let dependencies: any DependencyHealth
  let authorization: AuthorizationPolicy
  let identity: ServiceIdentity
  let timing: OperationTiming
  let clock: C
  let wallClock: @Sendable () -> Timestamp
  let log: Logger
  let statistics = RolloutStatistics()
  let line = WaitingLine()
  let supervisor: OperationSupervisor<C>
  let remote: RemoteRollouts<C>
  let refusals: RefusalRecorder<C>
  /// Pages of the audit trail that are read at once: however many read it, connections are left for everything else.
  let auditReads = Turnstile(width: 2)
  /// Each holds a connection for as long as the trail is long.
  let verifications = Turnstile(
    width: 1, maximumWaiters: 8, refusal: "the audit chain is being verified, and others wait for that; try again later"
  )
  /// Rung by whoever hears of new audit rows.
  public let auditBell = AuditBell()
  let startedAt: Timestamp
  let startedInstant: ContinuousClock.Instant

  public init(
    deploys: any DeployStore, operations: any OperationStore, audit: any AuditLog, cluster: any Cluster,
    registry: (any ImageRegistry)? = nil, dependencies: any DependencyHealth, authorization: AuthorizationPolicy,
    identity: ServiceIdentity,
    timing: OperationTiming, clock: C, wallClock: @escaping @Sendable () -> Timestamp, log: Logger
  ) {
    self.deploys = deploys
    self.operations = operations
    self.audit = audit
    self.cluster = cluster
    self.registry = registry
    self.dependencies = dependencies
    self.authorization = authorization
    self.identity = identity
    self.timing = timing
    self.clock = clock
    self.wallClock = wallClock
    self.log = log
    startedAt = wallClock()
    startedInstant = clock.now
    supervisor = OperationSupervisor(
      store: operations, cluster: cluster, registry: registry, timing: timing, clock: clock, wallClock: wallClock,
      statistics: statistics,
      log: log)
    remote = RemoteRollouts(deploys: deploys, operations: operations, supervisor: supervisor, clock: clock)
    refusals = RefusalRecorder(audit: audit, clock: clock, wallClock: wallClock, log: log)
  }

  /// Carries operations out, and takes over orphaned ones, until ``stop()``; then hands over what is left, and returns
  /// when that is done.
  public func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.refusals.run() }
      group.addTask { await self.remote.run() }
      await supervisor.run()
      remote.stop()
      // Writes what is left.
      refusals.stop()
    }
  }

  /// Begins the end of ``run()``: operations are handed to other hosts.
  public func stop() {
    supervisor.stop()
  }

  /// How many operations run here.
  public var runningOperations: Int { supervisor.count }
}

/// What this daemon calls itself.
public struct ServiceIdentity: Hashable, Sendable {
  public let host: String
  public let version: String

  public init(host: String, version: String) {
    self.host = host
    self.version = version
  }
}

/// How what the daemon depends on is.
public protocol DependencyHealth: Sendable {
  /// Why nothing can be done for anybody, in a sentence; nil when calls may be tried.
  var obstacle: String? { get }
  func database() async -> DatabaseHealth
  func clusterHealth() async -> ClusterHealth
  /// Clients on the socket.
  var connections: Int { get async }
}
