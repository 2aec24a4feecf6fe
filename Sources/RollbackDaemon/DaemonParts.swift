internal import FoundationEssentials
internal import KubernetesClient
internal import LinuxIO
internal import Logging
internal import Postgres
internal import ProtobufC
internal import RegistryClient
internal import RollbackMessages
internal import RollbackService
internal import TTRPC
internal import TTRPCCore

/// The daemon's parts, made and wired but not started.
struct DaemonParts: Sendable {
  let postgres: PostgresClient
  /// Connections of their own for what must not wait behind calls: leases, and notifications.
  let reserved: PostgresClient
  /// Closed until somebody runs it and the schema is found current.
  let gate: SchemaGate<LoopClock>
  let kubernetes: KubernetesClient
  let observer: ClusterObserver
  /// Nil where none is configured.
  let registry: RegistryClient?
  let service: RollbackService<LoopClock>
  let server: TTRPCServer
  let health: DaemonHealth
  let auditListener: AuditListener

  init(
    _ configuration: DaemonConfiguration, access: ClusterAccess,
    maximumWatches: Int = KubernetesClientConfiguration().maximumWatches, front: EventLoop, cluster: EventLoop,
    log: Logger
  ) throws {
    postgres = try PostgresClient(configuration: configuration.postgres, loop: front)
    reserved = try PostgresClient(configuration: configuration.reservedPostgres, loop: front)
    var kubernetesConfiguration = KubernetesClientConfiguration()
    kubernetesConfiguration.userAgent = "rollbackd/\(Program.version)"
    kubernetesConfiguration.maximumWatches = maximumWatches
    kubernetes = try KubernetesClient(
      access: access, loop: cluster, configuration: kubernetesConfiguration,
      time: KubernetesTime(clock: LoopClock(cluster)))
    observer = ClusterObserver(client: kubernetes, logger: log)
    var registry: RegistryClient?
    if let settings = configuration.registry {
      registry = try RegistryClient(
        settings, loop: cluster, time: RegistryTime(clock: LoopClock(cluster)), log: log)
    }
    self.registry = registry
    let gate = SchemaGate(clock: LoopClock(front), log: log) { [postgres] in
      try await SchemaMigrator(client: postgres).status()
    }
    self.gate = gate
    health = DaemonHealth(
      postgres: postgres, gate: gate, maximumConnections: configuration.database.maximumConnections,
      cluster: kubernetes, clock: LoopClock(front))

    let codec = ProtobufCodec()
    let users = UserNames()
    let userName: @Sendable (UInt32) -> String? = { users.known($0) ?? nil }
    let deploys = PostgresDeployStore(client: postgres, host: configuration.hostName, userName: userName)
    let operations = PostgresOperationStore(
      client: postgres, deploys: deploys, codec: codec, host: configuration.hostName, instance: UUID(),
      leaseDuration: configuration.leaseDuration, userName: userName, log: log,
      reserved: reserved)
    service = RollbackService(
      deploys: deploys, operations: operations,
      audit: PostgresAuditLog(client: postgres, host: configuration.hostName, userName: userName),
      cluster: KubernetesCluster(client: kubernetes, observer: observer),
      registry: registry.map(OCIImageRegistry.init), dependencies: health,
      authorization: configuration.authorization,
      identity: ServiceIdentity(host: configuration.hostName, version: Program.version),
      timing: OperationTiming(
        leaseDuration: configuration.leaseDuration, rolloutTimeout: configuration.rolloutTimeout,
        soak: configuration.soak, pullPatience: configuration.pullPatience),
      clock: LoopClock(cluster), wallClock: { WallClock.now }, log: log)

    auditListener = AuditListener(postgres: reserved, bell: service.auditBell, clock: LoopClock(front), log: log)

    var limits = TransportLimits()
    limits.maximumConnections = configuration.maximumConnections
    limits.maximumConnectionsPerUser = max(1, configuration.maximumConnections / 2)
    server = TTRPCServer(
      on: front, methods: ServiceMethods(service: service, codec: codec, users: users).all, limits: limits,
      codec: codec, logger: log)
    health.observe(server)
  }

  /// Keeps the connections to the database until the task is cancelled.
  func runDatabase() async {
    await withDiscardingTaskGroup { group in
      group.addTask { await postgres.run() }
      group.addTask { await reserved.run() }
    }
  }
}
