public import CRollbackProto
public import ProtobufC

/// Asks to put an app back on the image of an earlier deploy.
public struct RollbackRequest: Hashable, Sendable {
  /// The app's name or its UUID.
  public var app: String
  /// Which deploy to go back to: a UUID, an unambiguous prefix of one, "previous", or "-N" for N deploys back.
  /// Empty: the last known good one.
  public var target: String
  public var options: RolloutOptions?

  public init(app: String = "", target: String = "", options: RolloutOptions? = nil) {
    self.app = app
    self.target = target
    self.options = options
  }
}

extension RollbackRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__rollback_request__init)

  public init(reading fields: Rollback__V1__RollbackRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    target = reader.string(fields.target)
    options = try reader.message(fields.options)
  }

  public func write(into fields: inout Rollback__V1__RollbackRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.target = writer.string(target)
    fields.options = writer.message(options)
  }
}
