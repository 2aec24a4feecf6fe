public import RollbackMessages

extension RollbackService {
  /// How the daemon and what it depends on are. Answers also when everything else is down, within some seconds.
  ///
  /// It is `down` when the database is: then nothing is accepted. Without the API server or a registry it can still
  /// read, plan by its records and accept what they allow, and is `degraded`.
  public func health(_ request: GetHealthRequest, from caller: Caller) async throws -> GetHealthResponse {
    try await authorize(caller, .getHealth)
    async let database = dependencies.database()
    async let cluster = dependencies.clusterHealth()
    async let registry = registry?.health() ?? RegistryHealth(state: .notConfigured)
    async let connections = dependencies.connections
    // Where it fails or takes too long, the database's own line says so.
    let limit = TimeLimit(.seconds(2), clock)
    var running = (try? await limit.run { [operations] in try await operations.running() }) ?? []
    for index in running.indices {
      guard let progress = supervisor.feed(of: running[index].deployID)?.newestProgress else { continue }
      running[index].progress = progress.message
    }
    var parts = await (database, cluster, registry)
    if parts.0.state != .down, let problem = refusals.problem {
      parts.0.state = .degraded
      parts.0.message += (parts.0.message.isEmpty ? "" : "; ") + problem
    }
    let isWell =
      parts.0.state == .ok && parts.1.state == .ok && (parts.2.state == .ok || parts.2.state == .notConfigured)
    return GetHealthResponse(
      state: parts.0.state == .down ? .down : isWell ? .ok : .degraded, version: identity.version,
      host: identity.host, startedAt: startedAt,
      uptime: startedInstant.duration(to: clock.now), database: parts.0, cluster: parts.1,
      registry: parts.2, running: running, timeToReady: statistics.summary,
      connections: UInt32(clamping: await connections))
  }
}
