public import CRollbackProto
public import ProtobufC

public struct ComponentState: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let unspecified = ComponentState(rawValue: 0)
  public static let ok = ComponentState(rawValue: 1)
  /// It works in part, or is being tried again.
  public static let degraded = ComponentState(rawValue: 2)
  public static let down = ComponentState(rawValue: 3)
  public static let notConfigured = ComponentState(rawValue: 4)
}

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

public struct DatabaseHealth: Hashable, Sendable {
  public var state: ComponentState
  /// One sentence; empty when all is well.
  public var message: String
  public var schemaVersion: UInt32
  /// The pool: connections in use, idle, the most there may be, and callers that wait for one.
  public var inUse: UInt32
  public var idle: UInt32
  public var maximum: UInt32
  public var waiting: UInt32
  /// Connections opened since the start.
  public var opened: UInt64

  public init(
    state: ComponentState = .unspecified, message: String = "", schemaVersion: UInt32 = 0, inUse: UInt32 = 0,
    idle: UInt32 = 0, maximum: UInt32 = 0, waiting: UInt32 = 0, opened: UInt64 = 0
  ) {
    self.state = state
    self.message = message
    self.schemaVersion = schemaVersion
    self.inUse = inUse
    self.idle = idle
    self.maximum = maximum
    self.waiting = waiting
    self.opened = opened
  }
}

extension DatabaseHealth: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__database_health__init)

  public init(reading fields: Rollback__V1__DatabaseHealth, with reader: ProtobufReader) throws(ProtobufError) {
    state = ComponentState(rawValue: fields.state.rawValue)
    message = reader.string(fields.message)
    schemaVersion = fields.schema_version
    inUse = fields.in_use
    idle = fields.idle
    maximum = fields.maximum
    waiting = fields.waiting
    opened = fields.opened
  }

  public func write(into fields: inout Rollback__V1__DatabaseHealth, with writer: ProtobufWriter) {
    fields.state = .init(rawValue: state.rawValue)
    fields.message = writer.string(message)
    fields.schema_version = schemaVersion
    fields.in_use = inUse
    fields.idle = idle
    fields.maximum = maximum
    fields.waiting = waiting
    fields.opened = opened
  }
}

public struct ClusterHealth: Hashable, Sendable {
  public var state: ComponentState
  public var message: String
  /// Its address and version, where known.
  public var server: String
  public var version: String

  public init(
    state: ComponentState = .unspecified, message: String = "", server: String = "", version: String = ""
  ) {
    self.state = state
    self.message = message
    self.server = server
    self.version = version
  }
}

extension ClusterHealth: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__cluster_health__init)

  public init(reading fields: Rollback__V1__ClusterHealth, with reader: ProtobufReader) throws(ProtobufError) {
    state = ComponentState(rawValue: fields.state.rawValue)
    message = reader.string(fields.message)
    server = reader.string(fields.server)
    version = reader.string(fields.version)
  }

  public func write(into fields: inout Rollback__V1__ClusterHealth, with writer: ProtobufWriter) {
    fields.state = .init(rawValue: state.rawValue)
    fields.message = writer.string(message)
    fields.server = writer.string(server)
    fields.version = writer.string(version)
  }
}

public struct RegistryHealth: Hashable, Sendable {
  public var state: ComponentState
  public var message: String

  public init(
    state: ComponentState = .unspecified, message: String = ""
  ) {
    self.state = state
    self.message = message
  }
}

extension RegistryHealth: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__registry_health__init)

  public init(reading fields: Rollback__V1__RegistryHealth, with reader: ProtobufReader) throws(ProtobufError) {
    state = ComponentState(rawValue: fields.state.rawValue)
    message = reader.string(fields.message)
  }

  public func write(into fields: inout Rollback__V1__RegistryHealth, with writer: ProtobufWriter) {
    fields.state = .init(rawValue: state.rawValue)
    fields.message = writer.string(message)
  }
}

public struct RunningOperation: Hashable, Sendable {
  public var deployID: String
  public var app: String
  public var since: Timestamp?
  /// The host that holds its lease.
  public var host: String
  /// As in the newest progress frame.
  public var progress: String

  public init(
    deployID: String = "", app: String = "", since: Timestamp? = nil, host: String = "", progress: String = ""
  ) {
    self.deployID = deployID
    self.app = app
    self.since = since
    self.host = host
    self.progress = progress
  }
}

extension RunningOperation: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__running_operation__init)

  public init(reading fields: Rollback__V1__RunningOperation, with reader: ProtobufReader) throws(ProtobufError) {
    deployID = reader.string(fields.deploy_id)
    app = reader.string(fields.app)
    since = try reader.message(fields.since)
    host = reader.string(fields.host)
    progress = reader.string(fields.progress)
  }

  public func write(into fields: inout Rollback__V1__RunningOperation, with writer: ProtobufWriter) {
    fields.deploy_id = writer.string(deployID)
    fields.app = writer.string(app)
    fields.since = writer.message(since)
    fields.host = writer.string(host)
    fields.progress = writer.string(progress)
  }
}

/// Of the rollbacks that this daemon has seen succeed since its start.
public struct TimeToReady: Hashable, Sendable {
  public var count: UInt64
  /// How many met the target of 30 s.
  public var metTarget: UInt64
  public var median: Duration?
  public var maximum: Duration?

  public init(
    count: UInt64 = 0, metTarget: UInt64 = 0, median: Duration? = nil, maximum: Duration? = nil
  ) {
    self.count = count
    self.metTarget = metTarget
    self.median = median
    self.maximum = maximum
  }
}

extension TimeToReady: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__time_to_ready__init)

  public init(reading fields: Rollback__V1__TimeToReady, with reader: ProtobufReader) throws(ProtobufError) {
    count = fields.count
    metTarget = fields.met_target
    median = try reader.duration(fields.median, "time_to_ready.median")
    maximum = try reader.duration(fields.maximum, "time_to_ready.maximum")
  }

  public func write(into fields: inout Rollback__V1__TimeToReady, with writer: ProtobufWriter) {
    fields.count = count
    fields.met_target = metTarget
    fields.median = writer.duration(median)
    fields.maximum = writer.duration(maximum)
  }
}

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
    startedAt = try reader.message(fields.started_at)
    uptime = try reader.duration(fields.uptime, "get_health_response.uptime")
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
