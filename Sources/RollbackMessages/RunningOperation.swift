public import CRollbackProto
public import ProtobufC

/// A rollout under way, on whatever host.
public struct RunningOperation: Hashable, Sendable {
  public var deployID: String
  public var app: String
  public var since: Timestamp?
  /// The host that holds its lease.
  public var host: String
  /// As in the newest progress frame.
  public var progress: String

  public init(
    deployID: String = "", app: String = "", since: Timestamp? = nil, host: String = "", progress: String = ""
  ) {
    self.deployID = deployID
    self.app = app
    self.since = since
    self.host = host
    self.progress = progress
  }
}

extension RunningOperation: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__running_operation__init)

  public init(reading fields: Rollback__V1__RunningOperation, with reader: ProtobufReader) throws(ProtobufError) {
    deployID = reader.string(fields.deploy_id)
    app = reader.string(fields.app)
    since = try reader.timestamp(fields.since, "rollback.v1.RunningOperation.since")
    host = reader.string(fields.host)
    progress = reader.string(fields.progress)
  }

  public func write(into fields: inout Rollback__V1__RunningOperation, with writer: ProtobufWriter) {
    fields.deploy_id = writer.string(deployID)
    fields.app = writer.string(app)
    fields.since = writer.message(since)
    fields.host = writer.string(host)
    fields.progress = writer.string(progress)
  }
}
