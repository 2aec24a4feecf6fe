public import CRollbackProto
public import ProtobufC

/// Asks to deploy an image forward.
public struct DeployRequest: Hashable, Sendable {
  /// The app's name or its UUID.
  public var app: String
  /// The image reference to deploy.
  public var image: String
  public var options: RolloutOptions?

  public init(app: String = "", image: String = "", options: RolloutOptions? = nil) {
    self.app = app
    self.image = image
    self.options = options
  }
}

extension DeployRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__deploy_request__init)

  public init(reading fields: Rollback__V1__DeployRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    image = reader.string(fields.image)
    options = try reader.message(fields.options)
  }

  public func write(into fields: inout Rollback__V1__DeployRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.image = writer.string(image)
    fields.options = writer.message(options)
  }
}
