public import CRollbackProto
public import ProtobufC

/// An app that the daemon knows: one container of one Kubernetes Deployment.
public struct App: Hashable, Sendable {
  /// UUID.
  public var id: String
  /// Unique; 1 to 253 characters of a-z, 0-9, "-" and ".".
  public var name: String
  public var namespace: String
  public var deployment: String
  public var container: String
  public var createdAt: Timestamp?

  public init(
    id: String = "", name: String = "", namespace: String = "", deployment: String = "", container: String = "",
    createdAt: Timestamp? = nil
  ) {
    self.id = id
    self.name = name
    self.namespace = namespace
    self.deployment = deployment
    self.container = container
    self.createdAt = createdAt
  }
}

extension App: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__app__init)

  public init(reading fields: Rollback__V1__App, with reader: ProtobufReader) throws(ProtobufError) {
    id = reader.string(fields.id)
    name = reader.string(fields.name)
    namespace = reader.string(fields.namespace_)
    deployment = reader.string(fields.deployment)
    container = reader.string(fields.container)
    createdAt = try reader.timestamp(fields.created_at, "rollback.v1.App.created_at")
  }

  public func write(into fields: inout Rollback__V1__App, with writer: ProtobufWriter) {
    fields.id = writer.string(id)
    fields.name = writer.string(name)
    fields.namespace_ = writer.string(namespace)
    fields.deployment = writer.string(deployment)
    fields.container = writer.string(container)
    fields.created_at = writer.message(createdAt)
  }
}
