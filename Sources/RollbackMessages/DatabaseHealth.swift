public import CRollbackProto
public import ProtobufC

/// PostgreSQL and the pool of connections to it.
public struct DatabaseHealth: Hashable, Sendable {
  public var state: ComponentState
  /// One sentence; empty when all is well.
  public var message: String
  /// 0 where it is not known, as when the database is away.
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
