import RollbackMessages

extension Sample {
  static let health: [Sample] = [
    Sample(
      "GetHealthRequest",
      GetHealthRequest(),
      ""),
    Sample(
      "DatabaseHealth",
      DatabaseHealth(
        state: .notConfigured, message: "message", schemaVersion: 103, inUse: 104, idle: 105, maximum: 106,
        waiting: 107, opened: 108),
      "080412076d657373616765186720682869306a386b406c"),
    Sample(
      "ClusterHealth",
      ClusterHealth(state: .notConfigured, message: "message", server: "server", version: "version"),
      "080412076d6573736167651a06736572766572220776657273696f6e"),
    Sample(
      "RegistryHealth",
      RegistryHealth(state: .notConfigured, message: "message"),
      "080412076d657373616765"),
    Sample(
      "RunningOperation",
      RunningOperation(
        deployID: "deploy-id", app: "app", since: Timestamp(seconds: 1_700_000_003, nanoseconds: 3_000), host: "host",
        progress: "progress"),
      "0a096465706c6f792d696412036170701a090883e2cfaa0610b8172204686f73742a0870726f6772657373"),
    Sample(
      "TimeToReady",
      TimeToReady(count: 101, metTarget: 102, median: .milliseconds(3500), maximum: .milliseconds(4500)),
      "086510661a0808031080cab5ee01220808041080cab5ee01"),
    Sample(
      "GetHealthResponse",
      GetHealthResponse(
        state: .notConfigured, version: "version", host: "host",
        startedAt: Timestamp(seconds: 1_700_000_004, nanoseconds: 4_000), uptime: .milliseconds(5500),
        database: DatabaseHealth(state: .notConfigured), cluster: ClusterHealth(state: .notConfigured),
        registry: RegistryHealth(state: .notConfigured),
        running: [RunningOperation(deployID: "deploy-id"), RunningOperation()], timeToReady: TimeToReady(count: 101),
        connections: 111),
      "0804120776657273696f6e1a04686f737422090884e2cfaa0610a01f2a0808051080cab5ee01320208043a0208044202"
        + "08044a0b0a096465706c6f792d69644a0052020865586f"),
  ]
}
