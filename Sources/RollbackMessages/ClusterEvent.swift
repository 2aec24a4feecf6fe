public import CRollbackProto
public import ProtobufC

/// An event of the cluster that helps to understand a failure.
public struct ClusterEvent: Hashable, Sendable {
  public var at: Timestamp?
  /// "Deployment/hello", "Pod/hello-6c9d-x2x".
  public var object: String
  /// "Normal" or "Warning".
  public var type: String
  public var reason: String
  public var message: String
  public var count: UInt32

  public init(
    at: Timestamp? = nil, object: String = "", type: String = "", reason: String = "", message: String = "",
    count: UInt32 = 0
  ) {
    self.at = at
    self.object = object
    self.type = type
    self.reason = reason
    self.message = message
    self.count = count
  }
}

extension ClusterEvent: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__cluster_event__init)

  public init(reading fields: Rollback__V1__ClusterEvent, with reader: ProtobufReader) throws(ProtobufError) {
    at = try reader.timestamp(fields.at, "rollback.v1.ClusterEvent.at")
    object = reader.string(fields.object)
    type = reader.string(fields.type)
    reason = reader.string(fields.reason)
    message = reader.string(fields.message)
    count = fields.count
  }

  public func write(into fields: inout Rollback__V1__ClusterEvent, with writer: ProtobufWriter) {
    fields.at = writer.message(at)
    fields.object = writer.string(object)
    fields.type = writer.string(type)
    fields.reason = writer.string(reason)
    fields.message = writer.string(message)
    fields.count = count
  }
}
