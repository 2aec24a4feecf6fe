public import CRollbackProto
public import ProtobufC

/// Asks how the daemon is.
public struct GetHealthRequest: Hashable, Sendable {
  public init() {}
}

extension GetHealthRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__get_health_request__init)

  public init(reading fields: Rollback__V1__GetHealthRequest, with reader: ProtobufReader) throws(ProtobufError) {
  }

  public func write(into fields: inout Rollback__V1__GetHealthRequest, with writer: ProtobufWriter) {
  }
}

/// How the daemon and what it depends on are.
public struct GetHealthResponse: Hashable, Sendable {
  public var state: ComponentState
  public var version: String
  public var host: String
  public var startedAt: Timestamp?
  public var uptime: Duration?
  public var database: DatabaseHealth?
  public var cluster: ClusterHealth?
  public var registry: RegistryHealth?
  public var running: [RunningOperation]
  public var timeToReady: TimeToReady?
  /// Connections to the socket, this one included.
  public var connections: UInt32

  public init(
    state: ComponentState = .unspecified, version: String = "", host: String = "", startedAt: Timestamp? = nil,
    uptime: Duration? = nil, database: DatabaseHealth? = nil, cluster: ClusterHealth? = nil,
    registry: RegistryHealth? = nil, running: [RunningOperation] = [], timeToReady: TimeToReady? = nil,
    connections: UInt32 = 0
  ) {
    self.state = state
    self.version = version
    self.host = host
    self.startedAt = startedAt
    self.uptime = uptime
    self.database = database
    self.cluster = cluster
    self.registry = registry
    self.running = running
    self.timeToReady = timeToReady
    self.connections = connections
  }
}

extension GetHealthResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__get_health_response__init)

  public init(reading fields: Rollback__V1__GetHealthResponse, with reader: ProtobufReader) throws(ProtobufError) {
    state = ComponentState(rawValue: fields.state.rawValue)
    version = reader.string(fields.version)
    host = reader.string(fields.host)
    startedAt = try reader.timestamp(fields.started_at, "rollback.v1.GetHealthResponse.started_at")
    uptime = try reader.duration(fields.uptime, "rollback.v1.GetHealthResponse.uptime")
    database = try reader.message(fields.database)
    cluster = try reader.message(fields.cluster)
    registry = try reader.message(fields.registry)
    running = try reader.messages(fields.running, count: fields.n_running)
    timeToReady = try reader.message(fields.time_to_ready)
    connections = fields.connections
  }

  public func write(into fields: inout Rollback__V1__GetHealthResponse, with writer: ProtobufWriter) {
    fields.state = .init(rawValue: state.rawValue)
    fields.version = writer.string(version)
    fields.host = writer.string(host)
    fields.started_at = writer.message(startedAt)
    fields.uptime = writer.duration(uptime)
    fields.database = writer.message(database)
    fields.cluster = writer.message(cluster)
    fields.registry = writer.message(registry)
    (fields.running, fields.n_running) = writer.messages(running)
    fields.time_to_ready = writer.message(timeToReady)
    fields.connections = connections
  }
}
