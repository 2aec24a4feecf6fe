public import CRollbackProto
public import ProtobufC

/// Asks to make an app known. Every field has to be given.
public struct RegisterAppRequest: Hashable, Sendable {
  public var name: String
  public var namespace: String
  public var deployment: String
  public var container: String

  public init(name: String = "", namespace: String = "", deployment: String = "", container: String = "") {
    self.name = name
    self.namespace = namespace
    self.deployment = deployment
    self.container = container
  }
}

extension RegisterAppRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__register_app_request__init)

  public init(reading fields: Rollback__V1__RegisterAppRequest, with reader: ProtobufReader) throws(ProtobufError) {
    name = reader.string(fields.name)
    namespace = reader.string(fields.namespace_)
    deployment = reader.string(fields.deployment)
    container = reader.string(fields.container)
  }

  public func write(into fields: inout Rollback__V1__RegisterAppRequest, with writer: ProtobufWriter) {
    fields.name = writer.string(name)
    fields.namespace_ = writer.string(namespace)
    fields.deployment = writer.string(deployment)
    fields.container = writer.string(container)
  }
}

/// The app as it is known now.
public struct RegisterAppResponse: Hashable, Sendable {
  public var app: App?
  /// False when it was known already, with the same values.
  public var created: Bool

  public init(app: App? = nil, created: Bool = false) {
    self.app = app
    self.created = created
  }
}

extension RegisterAppResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__register_app_response__init)

  public init(reading fields: Rollback__V1__RegisterAppResponse, with reader: ProtobufReader) throws(ProtobufError) {
    app = try reader.message(fields.app)
    created = reader.bool(fields.created)
  }

  public func write(into fields: inout Rollback__V1__RegisterAppResponse, with writer: ProtobufWriter) {
    fields.app = writer.message(app)
    fields.created = writer.bool(created)
  }
}
