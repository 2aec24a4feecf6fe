public import CRollbackProto
public import ProtobufC

/// A database migration that was applied for an app.
public struct Migration: Hashable, Sendable {
  /// "0042".
  public var version: String
  /// "orders_add_note".
  public var name: String
  public var appliedAt: Timestamp?

  public init(version: String = "", name: String = "", appliedAt: Timestamp? = nil) {
    self.version = version
    self.name = name
    self.appliedAt = appliedAt
  }
}

extension Migration: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__migration__init)

  public init(reading fields: Rollback__V1__Migration, with reader: ProtobufReader) throws(ProtobufError) {
    version = reader.string(fields.version)
    name = reader.string(fields.name)
    appliedAt = try reader.timestamp(fields.applied_at, "rollback.v1.Migration.applied_at")
  }

  public func write(into fields: inout Rollback__V1__Migration, with writer: ProtobufWriter) {
    fields.version = writer.string(version)
    fields.name = writer.string(name)
    fields.applied_at = writer.message(appliedAt)
  }
}
