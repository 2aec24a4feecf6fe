public import CRollbackProto
public import ProtobufC

/// Pods of a Deployment, counted as Kubernetes counts them.
public struct Replicas: Hashable, Sendable {
  /// spec.replicas.
  public var desired: UInt32
  /// Pods of the new template.
  public var updated: UInt32
  /// Pods that are Ready, of every template.
  public var ready: UInt32
  /// Pods that are Ready for minReadySeconds, of every template.
  public var available: UInt32
  /// Pods of older templates that are not gone yet.
  public var old: UInt32

  public init(desired: UInt32 = 0, updated: UInt32 = 0, ready: UInt32 = 0, available: UInt32 = 0, old: UInt32 = 0) {
    self.desired = desired
    self.updated = updated
    self.ready = ready
    self.available = available
    self.old = old
  }
}

extension Replicas: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__replicas__init)

  public init(reading fields: Rollback__V1__Replicas, with reader: ProtobufReader) throws(ProtobufError) {
    desired = fields.desired
    updated = fields.updated
    ready = fields.ready
    available = fields.available
    old = fields.old
  }

  public func write(into fields: inout Rollback__V1__Replicas, with writer: ProtobufWriter) {
    fields.desired = desired
    fields.updated = updated
    fields.ready = ready
    fields.available = available
    fields.old = old
  }
}
