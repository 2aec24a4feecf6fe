public import CRollbackProto
public import ProtobufC

/// The Kubernetes API server.
public struct ClusterHealth: Hashable, Sendable {
  public var state: ComponentState
  public var message: String
  /// Its address and version, where known.
  public var server: String
  public var version: String

  public init(state: ComponentState = .unspecified, message: String = "", server: String = "", version: String = "") {
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
