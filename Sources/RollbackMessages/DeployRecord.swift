public import CRollbackProto
public import ProtobufC

/// A deploy of an app: one row of its history.
public struct DeployRecord: Hashable, Sendable {
  /// UUID, 36 characters. Also the id of the running operation.
  public var id: String
  /// The app's name.
  public var app: String
  /// The image as it was asked for: "harbor/octave/hello:v2". Ends in ":building" when none was ever built.
  public var imageRef: String
  /// "sha256:" and 64 hexadecimal digits; empty when none was recorded.
  public var imageDigest: String
  public var status: DeployStatus
  /// As last seen by the daemon that ran the rollout.
  public var replicas: Replicas?
  public var createdAt: Timestamp?
  /// Absent while it is under way.
  public var finishedAt: Timestamp?
  /// From the request to all replicas ready. Absent unless it went live.
  public var timeToReady: Duration?
  /// The platform's subject who did it; empty for system-initiated deploys.
  public var actorID: String
  /// Why, in the actor's words.
  public var reason: String
  /// For a rollback: the id of the deploy whose image was restored.
  public var rollbackOf: String
  /// Those told when it was accepted.
  public var warnings: [Warning]
  /// Whether this is the deploy that the app runs by our records; true for at most one deploy of an app.
  public var current: Bool
  /// Whether a rollback may target it.
  public var rollbackable: Bool
  /// Why not, in words; empty when rollbackable.
  public var notRollbackableReason: String
  /// How many migrations were applied since it was created.
  public var migrationsSince: UInt32
  /// Until when the registry keeps its image, where that is known.
  public var imageRetainedUntil: Timestamp?
  /// The caller's request id, a UUID; empty when none was sent.
  public var requestID: String

  public init(
    id: String = "", app: String = "", imageRef: String = "", imageDigest: String = "",
    status: DeployStatus = .unspecified, replicas: Replicas? = nil, createdAt: Timestamp? = nil,
    finishedAt: Timestamp? = nil, timeToReady: Duration? = nil, actorID: String = "", reason: String = "",
    rollbackOf: String = "", warnings: [Warning] = [], current: Bool = false, rollbackable: Bool = false,
    notRollbackableReason: String = "", migrationsSince: UInt32 = 0, imageRetainedUntil: Timestamp? = nil,
    requestID: String = ""
  ) {
    self.id = id
    self.app = app
    self.imageRef = imageRef
    self.imageDigest = imageDigest
    self.status = status
    self.replicas = replicas
    self.createdAt = createdAt
    self.finishedAt = finishedAt
    self.timeToReady = timeToReady
    self.actorID = actorID
    self.reason = reason
    self.rollbackOf = rollbackOf
    self.warnings = warnings
    self.current = current
    self.rollbackable = rollbackable
    self.notRollbackableReason = notRollbackableReason
    self.migrationsSince = migrationsSince
    self.imageRetainedUntil = imageRetainedUntil
    self.requestID = requestID
  }
}

extension DeployRecord: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__deploy_record__init)

  public init(reading fields: Rollback__V1__DeployRecord, with reader: ProtobufReader) throws(ProtobufError) {
    id = reader.string(fields.id)
    app = reader.string(fields.app)
    imageRef = reader.string(fields.image_ref)
    imageDigest = reader.string(fields.image_digest)
    status = DeployStatus(rawValue: fields.status.rawValue)
    replicas = try reader.message(fields.replicas)
    createdAt = try reader.timestamp(fields.created_at, "rollback.v1.DeployRecord.created_at")
    finishedAt = try reader.timestamp(fields.finished_at, "rollback.v1.DeployRecord.finished_at")
    timeToReady = try reader.duration(fields.time_to_ready, "rollback.v1.DeployRecord.time_to_ready")
    actorID = reader.string(fields.actor_id)
    reason = reader.string(fields.reason)
    rollbackOf = reader.string(fields.rollback_of)
    warnings = try reader.messages(fields.warnings, count: fields.n_warnings)
    current = reader.bool(fields.current)
    rollbackable = reader.bool(fields.rollbackable)
    notRollbackableReason = reader.string(fields.not_rollbackable_reason)
    migrationsSince = fields.migrations_since
    imageRetainedUntil = try reader.timestamp(
      fields.image_retained_until, "rollback.v1.DeployRecord.image_retained_until")
    requestID = reader.string(fields.request_id)
  }

  public func write(into fields: inout Rollback__V1__DeployRecord, with writer: ProtobufWriter) {
    fields.id = writer.string(id)
    fields.app = writer.string(app)
    fields.image_ref = writer.string(imageRef)
    fields.image_digest = writer.string(imageDigest)
    fields.status = .init(rawValue: status.rawValue)
    fields.replicas = writer.message(replicas)
    fields.created_at = writer.message(createdAt)
    fields.finished_at = writer.message(finishedAt)
    fields.time_to_ready = writer.duration(timeToReady)
    fields.actor_id = writer.string(actorID)
    fields.reason = writer.string(reason)
    fields.rollback_of = writer.string(rollbackOf)
    (fields.warnings, fields.n_warnings) = writer.messages(warnings)
    fields.current = writer.bool(current)
    fields.rollbackable = writer.bool(rollbackable)
    fields.not_rollbackable_reason = writer.string(notRollbackableReason)
    fields.migrations_since = migrationsSince
    fields.image_retained_until = writer.message(imageRetainedUntil)
    fields.request_id = writer.string(requestID)
  }
}
