public import RollbackMessages

extension RollbackService {
  /// How the daemon and what it depends on are. Answers also when everything else is down.
  public func health(_ request: GetHealthRequest, from caller: Caller) async throws -> GetHealthResponse {
    try await authorize(caller, .getHealth)
    async let database = dependencies.database()
    async let cluster = dependencies.clusterHealth()
    async let registry = registry?.health() ?? RegistryHealth(state: .notConfigured)
    async let connections = dependencies.connections
    var running: [RunningOperation] = []
    do {
      running = try await operations.running()
    } catch {
      // The database's own line says that it is away.
      running = []
    }
    for index in running.indices {
      guard let progress = supervisor.feed(of: running[index].deployID)?.newestProgress else { continue }
      running[index].progress = progress.message
    }
    var parts = await (database, cluster, registry)
    if parts.0.state == .ok, let problem = refusals.problem {
      parts.0.state = .degraded
      parts.0.message = problem
    }
    let isWell =
      parts.0.state == .ok && parts.1.state == .ok && (parts.2.state == .ok || parts.2.state == .notConfigured)
    return GetHealthResponse(
      state: isWell ? .ok : .degraded, version: identity.version, host: identity.host, startedAt: startedAt,
      uptime: startedInstant.duration(to: clock.now), database: parts.0, cluster: parts.1,
      registry: parts.2, running: running, timeToReady: statistics.summary,
      connections: UInt32(clamping: await connections))
  }
}
