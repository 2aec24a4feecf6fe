public import CRollbackProto
public import ProtobufC

/// Asks for a deploy's frames from a number on.
public struct WatchDeployRequest: Hashable, Sendable {
  /// A deploy: a UUID, or with `app` also a prefix of one.
  public var deploy: String
  /// Without `deploy`: the app's newest deploy.
  public var app: String
  /// The first frame wanted; 0 and 1 replay everything.
  public var fromSeq: UInt64

  public init(deploy: String = "", app: String = "", fromSeq: UInt64 = 0) {
    self.deploy = deploy
    self.app = app
    self.fromSeq = fromSeq
  }
}

extension WatchDeployRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__watch_deploy_request__init)

  public init(reading fields: Rollback__V1__WatchDeployRequest, with reader: ProtobufReader) throws(ProtobufError) {
    deploy = reader.string(fields.deploy)
    app = reader.string(fields.app)
    fromSeq = fields.from_seq
  }

  public func write(into fields: inout Rollback__V1__WatchDeployRequest, with writer: ProtobufWriter) {
    fields.deploy = writer.string(deploy)
    fields.app = writer.string(app)
    fields.from_seq = fromSeq
  }
}
