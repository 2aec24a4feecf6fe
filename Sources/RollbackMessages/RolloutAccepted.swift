public import CRollbackProto
public import ProtobufC

/// From here on the operation survives the daemon.
public struct RolloutAccepted: Hashable, Sendable {
  /// The new deploy, status deploying.
  public var deploy: DeployRecord?
  /// What ran before; absent for the first deploy.
  public var from: DeployRecord?
  /// For a rollback: the deploy whose image is restored.
  public var target: DeployRecord?
  public var warnings: [Warning]
  /// The audit row's id.
  public var auditID: Int64
  public var namespace: String
  public var deployment: String
  public var container: String
  /// The call joined an operation with the same request id.
  public var joined: Bool
  /// For a rollback: the newest deploy before it, when it failed or was cancelled after `from` went live.
  public var undoes: DeployRecord?
  /// For a rollback: what the registry said of the image, in the words of ``PlanRollbackResponse/imageCheck``.
  public var imageCheck: String
  /// For a rollback: for how long the target served. Absent where that is not known.
  public var targetLiveFor: Duration?

  public init(
    deploy: DeployRecord? = nil, from: DeployRecord? = nil, target: DeployRecord? = nil, warnings: [Warning] = [],
    auditID: Int64 = 0, namespace: String = "", deployment: String = "", container: String = "", joined: Bool = false,
    undoes: DeployRecord? = nil, imageCheck: String = "", targetLiveFor: Duration? = nil
  ) {
    self.deploy = deploy
    self.from = from
    self.target = target
    self.warnings = warnings
    self.auditID = auditID
    self.namespace = namespace
    self.deployment = deployment
    self.container = container
    self.joined = joined
    self.undoes = undoes
    self.imageCheck = imageCheck
    self.targetLiveFor = targetLiveFor
  }
}

extension RolloutAccepted: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__rollout_accepted__init)

  public init(reading fields: Rollback__V1__RolloutAccepted, with reader: ProtobufReader) throws(ProtobufError) {
    deploy = try reader.message(fields.deploy)
    from = try reader.message(fields.from)
    target = try reader.message(fields.target)
    warnings = try reader.messages(fields.warnings, count: fields.n_warnings)
    auditID = fields.audit_id
    namespace = reader.string(fields.namespace_)
    deployment = reader.string(fields.deployment)
    container = reader.string(fields.container)
    joined = reader.bool(fields.joined)
    undoes = try reader.message(fields.undoes)
    imageCheck = reader.string(fields.image_check)
    targetLiveFor = try reader.duration(fields.target_live_for, "rollback.v1.RolloutAccepted.target_live_for")
  }

  public func write(into fields: inout Rollback__V1__RolloutAccepted, with writer: ProtobufWriter) {
    fields.deploy = writer.message(deploy)
    fields.from = writer.message(from)
    fields.target = writer.message(target)
    (fields.warnings, fields.n_warnings) = writer.messages(warnings)
    fields.audit_id = auditID
    fields.namespace_ = writer.string(namespace)
    fields.deployment = writer.string(deployment)
    fields.container = writer.string(container)
    fields.joined = writer.bool(joined)
    fields.undoes = writer.message(undoes)
    fields.image_check = writer.string(imageCheck)
    fields.target_live_for = writer.duration(targetLiveFor)
  }
}
