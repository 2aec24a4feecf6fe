public import CRollbackProto
public import ProtobufC

/// The image registry.
public struct RegistryHealth: Hashable, Sendable {
  public var state: ComponentState
  public var message: String

  public init(state: ComponentState = .unspecified, message: String = "") {
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
