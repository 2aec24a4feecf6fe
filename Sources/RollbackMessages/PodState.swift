public import CRollbackProto
public import ProtobufC

/// A pod of the new template.
public struct PodState: Hashable, Sendable {
  public var name: String
  public var ready: Bool
  public var restarts: UInt32
  /// In short: "ready", "starting", "ImagePullBackOff", "CrashLoopBackOff", "unschedulable".
  public var state: String
  /// The text behind it, bounded; empty when all is well.
  public var message: String
  /// Init containers first. Empty before the kubelet has the pod.
  public var containers: [ContainerState]

  public init(
    name: String = "", ready: Bool = false, restarts: UInt32 = 0, state: String = "", message: String = "",
    containers: [ContainerState] = []
  ) {
    self.name = name
    self.ready = ready
    self.restarts = restarts
    self.state = state
    self.message = message
    self.containers = containers
  }
}

extension PodState: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__pod_state__init)

  public init(reading fields: Rollback__V1__PodState, with reader: ProtobufReader) throws(ProtobufError) {
    name = reader.string(fields.name)
    ready = reader.bool(fields.ready)
    restarts = fields.restarts
    state = reader.string(fields.state)
    message = reader.string(fields.message)
    containers = try reader.messages(fields.containers, count: fields.n_containers)
  }

  public func write(into fields: inout Rollback__V1__PodState, with writer: ProtobufWriter) {
    fields.name = writer.string(name)
    fields.ready = writer.bool(ready)
    fields.restarts = restarts
    fields.state = writer.string(state)
    fields.message = writer.string(message)
    (fields.containers, fields.n_containers) = writer.messages(containers)
  }
}
