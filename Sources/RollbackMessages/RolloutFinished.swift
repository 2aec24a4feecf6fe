public import CRollbackProto
public import ProtobufC

/// The end of the story.
public struct RolloutFinished: Hashable, Sendable {
  public var deploy: DeployRecord?
  public var outcome: RolloutOutcome
  /// One sentence: what became of it.
  public var message: String
  /// For a failure.
  public var diagnosis: Diagnosis?
  /// From the request to this outcome.
  public var elapsed: Duration?
  /// The promise it is compared with: 30 s.
  public var target: Duration?
  public var warnings: [Warning]
  /// The outcome's audit row.
  public var auditID: Int64
  /// New pods whose running image was compared with the recorded digest, and how many of them matched.
  public var podsChecked: UInt32
  public var podsVerified: UInt32
  public var replicas: Replicas?
  /// What the cluster was left on, in words; empty when it succeeded, or somebody deployed on top.
  public var leftOn: String

  public init(
    deploy: DeployRecord? = nil, outcome: RolloutOutcome = .unspecified, message: String = "",
    diagnosis: Diagnosis? = nil, elapsed: Duration? = nil, target: Duration? = nil, warnings: [Warning] = [],
    auditID: Int64 = 0, podsChecked: UInt32 = 0, podsVerified: UInt32 = 0, replicas: Replicas? = nil,
    leftOn: String = ""
  ) {
    self.deploy = deploy
    self.outcome = outcome
    self.message = message
    self.diagnosis = diagnosis
    self.elapsed = elapsed
    self.target = target
    self.warnings = warnings
    self.auditID = auditID
    self.podsChecked = podsChecked
    self.podsVerified = podsVerified
    self.replicas = replicas
    self.leftOn = leftOn
  }
}

extension RolloutFinished: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__rollout_finished__init)

  public init(reading fields: Rollback__V1__RolloutFinished, with reader: ProtobufReader) throws(ProtobufError) {
    deploy = try reader.message(fields.deploy)
    outcome = RolloutOutcome(rawValue: fields.outcome.rawValue)
    message = reader.string(fields.message)
    diagnosis = try reader.message(fields.diagnosis)
    elapsed = try reader.duration(fields.elapsed, "rollback.v1.RolloutFinished.elapsed")
    target = try reader.duration(fields.target, "rollback.v1.RolloutFinished.target")
    warnings = try reader.messages(fields.warnings, count: fields.n_warnings)
    auditID = fields.audit_id
    podsChecked = fields.pods_checked
    podsVerified = fields.pods_verified
    replicas = try reader.message(fields.replicas)
    leftOn = reader.string(fields.left_on)
  }

  public func write(into fields: inout Rollback__V1__RolloutFinished, with writer: ProtobufWriter) {
    fields.deploy = writer.message(deploy)
    fields.outcome = .init(rawValue: outcome.rawValue)
    fields.message = writer.string(message)
    fields.diagnosis = writer.message(diagnosis)
    fields.elapsed = writer.duration(elapsed)
    fields.target = writer.duration(target)
    (fields.warnings, fields.n_warnings) = writer.messages(warnings)
    fields.audit_id = auditID
    fields.pods_checked = podsChecked
    fields.pods_verified = podsVerified
    fields.replicas = writer.message(replicas)
    fields.left_on = writer.string(leftOn)
  }
}
