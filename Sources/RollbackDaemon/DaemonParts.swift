internal import FoundationEssentials
internal import KubernetesClient
internal import LinuxIO
internal import Logging
internal import Postgres
internal import ProtobufC
internal import RollbackMessages
internal import RollbackService
internal import TTRPC
internal import TTRPCCore

/// The daemon's parts, made and wired but not started.
struct DaemonParts: Sendable {
  let postgres: PostgresClient
  let kubernetes: KubernetesClient
  let observer: ClusterObserver
  let service: RollbackService<LoopClock>
  let server: TTRPCServer
  let health: DaemonHealth

  init(
    _ configuration: DaemonConfiguration, access: ClusterAccess, front: EventLoop, cluster: EventLoop, log: Logger
  ) throws {
    postgres = try PostgresClient(configuration: configuration.postgres, loop: front)
    var kubernetesConfiguration = KubernetesClientConfiguration()
    kubernetesConfiguration.userAgent = "rollbackd/\(Program.version)"
    kubernetes = try KubernetesClient(
      access: access, loop: cluster, configuration: kubernetesConfiguration,
      time: KubernetesTime(clock: LoopClock(cluster)))
    observer = ClusterObserver(client: kubernetes, logger: log)
    health = DaemonHealth(
      postgres: postgres, maximumConnections: configuration.database.maximumConnections, cluster: kubernetes,
      clock: LoopClock(front))

    let codec = ProtobufCodec()
    let users = UserNames()
    let userName: @Sendable (UInt32) -> String? = { users.known($0) ?? nil }
    let deploys = PostgresDeployStore(client: postgres)
    let operations = PostgresOperationStore(
      client: postgres, deploys: deploys, codec: codec, host: configuration.hostName, instance: UUID(),
      leaseDuration: configuration.leaseDuration, userName: userName)
    service = RollbackService(
      deploys: deploys, operations: operations,
      audit: PostgresAuditLog(client: postgres, host: configuration.hostName, userName: userName),
      cluster: KubernetesCluster(client: kubernetes, observer: observer), dependencies: health,
      authorization: configuration.authorization,
      identity: ServiceIdentity(host: configuration.hostName, version: Program.version),
      timing: OperationTiming(
        leaseDuration: configuration.leaseDuration, rolloutTimeout: configuration.rolloutTimeout,
        soak: configuration.soak),
      clock: LoopClock(cluster), wallClock: { WallClock.now }, log: log)

    var limits = TransportLimits()
    limits.maximumConnections = configuration.maximumConnections
    server = TTRPCServer(
      on: front, methods: ServiceMethods(service: service, codec: codec, users: users).all, limits: limits,
      codec: codec, logger: log)
  }
}
