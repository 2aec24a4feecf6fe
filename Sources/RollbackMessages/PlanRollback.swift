public import CRollbackProto
public import ProtobufC

/// Asks what a rollback would do.
public struct PlanRollbackRequest: Hashable, Sendable {
  public var app: String
  /// As in RollbackRequest.
  public var target: String

  public init(app: String = "", target: String = "") {
    self.app = app
    self.target = target
  }
}

extension PlanRollbackRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__plan_rollback_request__init)

  public init(reading fields: Rollback__V1__PlanRollbackRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    target = reader.string(fields.target)
  }

  public func write(into fields: inout Rollback__V1__PlanRollbackRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.target = writer.string(target)
  }
}

/// What a rollback would check, warn about and do. Nothing was changed.
public struct PlanRollbackResponse: Hashable, Sendable {
  public var from: DeployRecord?
  public var target: DeployRecord?
  /// Whether a rollback would be accepted now.
  public var allowed: Bool
  /// The error's reason and sentence when it would not.
  public var refusalReason: String
  public var refusalMessage: String
  public var warnings: [Warning]
  /// From the app's own history; absent without any.
  public var estimate: Duration?
  public var namespace: String
  public var deployment: String
  public var container: String

  public init(
    from: DeployRecord? = nil, target: DeployRecord? = nil, allowed: Bool = false, refusalReason: String = "",
    refusalMessage: String = "", warnings: [Warning] = [], estimate: Duration? = nil, namespace: String = "",
    deployment: String = "", container: String = ""
  ) {
    self.from = from
    self.target = target
    self.allowed = allowed
    self.refusalReason = refusalReason
    self.refusalMessage = refusalMessage
    self.warnings = warnings
    self.estimate = estimate
    self.namespace = namespace
    self.deployment = deployment
    self.container = container
  }
}

extension PlanRollbackResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__plan_rollback_response__init)

  public init(reading fields: Rollback__V1__PlanRollbackResponse, with reader: ProtobufReader) throws(ProtobufError) {
    from = try reader.message(fields.from)
    target = try reader.message(fields.target)
    allowed = reader.bool(fields.allowed)
    refusalReason = reader.string(fields.refusal_reason)
    refusalMessage = reader.string(fields.refusal_message)
    warnings = try reader.messages(fields.warnings, count: fields.n_warnings)
    estimate = try reader.duration(fields.estimate, "rollback.v1.PlanRollbackResponse.estimate")
    namespace = reader.string(fields.namespace_)
    deployment = reader.string(fields.deployment)
    container = reader.string(fields.container)
  }

  public func write(into fields: inout Rollback__V1__PlanRollbackResponse, with writer: ProtobufWriter) {
    fields.from = writer.message(from)
    fields.target = writer.message(target)
    fields.allowed = writer.bool(allowed)
    fields.refusal_reason = writer.string(refusalReason)
    fields.refusal_message = writer.string(refusalMessage)
    (fields.warnings, fields.n_warnings) = writer.messages(warnings)
    fields.estimate = writer.duration(estimate)
    fields.namespace_ = writer.string(namespace)
    fields.deployment = writer.string(deployment)
    fields.container = writer.string(container)
  }
}
