public import CRollbackProto
public import ProtobufC

/// One row of the audit trail.
public struct AuditEvent: Hashable, Sendable {
  /// Rises along the chain; may have gaps.
  public var id: Int64
  public var createdAt: Timestamp?
  /// Empty for system-initiated events.
  public var actorID: String
  /// "deploy.rollback", "deploy.rollback.succeeded", ...
  public var action: String
  /// The object; for deploy.rollback the rollback target's deploy id.
  public var targetID: String
  /// A JSON object.
  public var detailsJSON: String
  /// SHA-256 of the row before, and of this row: 32 bytes each; empty for rows older than the chain.
  public var prevHash: [UInt8]
  public var hash: [UInt8]

  public init(
    id: Int64 = 0, createdAt: Timestamp? = nil, actorID: String = "", action: String = "", targetID: String = "",
    detailsJSON: String = "", prevHash: [UInt8] = [], hash: [UInt8] = []
  ) {
    self.id = id
    self.createdAt = createdAt
    self.actorID = actorID
    self.action = action
    self.targetID = targetID
    self.detailsJSON = detailsJSON
    self.prevHash = prevHash
    self.hash = hash
  }
}

extension AuditEvent: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__audit_event__init)

  public init(reading fields: Rollback__V1__AuditEvent, with reader: ProtobufReader) throws(ProtobufError) {
    id = fields.id
    createdAt = try reader.timestamp(fields.created_at, "rollback.v1.AuditEvent.created_at")
    actorID = reader.string(fields.actor_id)
    action = reader.string(fields.action)
    targetID = reader.string(fields.target_id)
    detailsJSON = reader.string(fields.details_json)
    prevHash = reader.bytes(fields.prev_hash)
    hash = reader.bytes(fields.hash)
  }

  public func write(into fields: inout Rollback__V1__AuditEvent, with writer: ProtobufWriter) {
    fields.id = id
    fields.created_at = writer.message(createdAt)
    fields.actor_id = writer.string(actorID)
    fields.action = writer.string(action)
    fields.target_id = writer.string(targetID)
    fields.details_json = writer.string(detailsJSON)
    fields.prev_hash = writer.bytes(prevHash)
    fields.hash = writer.bytes(hash)
  }
}
