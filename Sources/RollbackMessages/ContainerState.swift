public import CRollbackProto
public import ProtobufC

/// One container of a pod in short.
public struct ContainerState: Hashable, Sendable {
  public var name: String
  public var ready: Bool
  public var restarts: UInt32
  /// "Running", or the cluster's word for why it waits or has ended: "ContainerCreating", "CrashLoopBackOff",
  /// "OOMKilled".
  public var state: String

  public init(name: String = "", ready: Bool = false, restarts: UInt32 = 0, state: String = "") {
    self.name = name
    self.ready = ready
    self.restarts = restarts
    self.state = state
  }
}

extension ContainerState: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__container_state__init)

  public init(reading fields: Rollback__V1__ContainerState, with reader: ProtobufReader) throws(ProtobufError) {
    name = reader.string(fields.name)
    ready = reader.bool(fields.ready)
    restarts = fields.restarts
    state = reader.string(fields.state)
  }

  public func write(into fields: inout Rollback__V1__ContainerState, with writer: ProtobufWriter) {
    fields.name = writer.string(name)
    fields.ready = writer.bool(ready)
    fields.restarts = restarts
    fields.state = writer.string(state)
  }
}
