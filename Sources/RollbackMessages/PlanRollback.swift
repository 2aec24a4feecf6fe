public import CRollbackProto
public import ProtobufC

/// Asks what a rollback would do.
public struct PlanRollbackRequest: Hashable, Sendable {
  /// The app's name or its UUID.
  public var app: String
  /// As in RollbackRequest.
  public var target: String
  /// As in RolloutOptions: the rollback that is planned would be sent with them.
  public var expectCurrent: String
  public var requireImageCheck: Bool

  public init(app: String = "", target: String = "", expectCurrent: String = "", requireImageCheck: Bool = false) {
    self.app = app
    self.target = target
    self.expectCurrent = expectCurrent
    self.requireImageCheck = requireImageCheck
  }
}

extension PlanRollbackRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__plan_rollback_request__init)

  public init(reading fields: Rollback__V1__PlanRollbackRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    target = reader.string(fields.target)
    expectCurrent = reader.string(fields.expect_current)
    requireImageCheck = reader.bool(fields.require_image_check)
  }

  public func write(into fields: inout Rollback__V1__PlanRollbackRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.target = writer.string(target)
    fields.expect_current = writer.string(expectCurrent)
    fields.require_image_check = writer.bool(requireImageCheck)
  }
}

/// What a rollback would do if it were asked for now. Nothing was changed.
///
/// It is decided by the same code that accepts one; only an unknown app, a malformed request and a database that is away
/// are errors of the call.
public struct PlanRollbackResponse: Hashable, Sendable {
  /// What runs by our records; absent for an app without a live deploy.
  public var from: DeployRecord?
  /// The deploy whose image would be restored; absent when the request names none that there is.
  public var target: DeployRecord?
  /// Whether a rollback would be accepted now and do something.
  public var allowed: Bool
  /// The error's reason and sentence when it would not; `already_current` when there is nothing to do.
  public var refusalReason: String
  public var refusalMessage: String
  public var warnings: [Warning]
  /// From the request to ready, by the app's own history: the median of its newest successful rollouts of the target's
  /// image (at most 5), else of any image (at most 10). Absent without any.
  public var estimate: Duration?
  public var namespace: String
  public var deployment: String
  public var container: String
  /// What would go into the container's template: the target's image, by its digest where one is recorded.
  public var image: String
  /// What a rollback never touches, in words: "environment variables", "secrets", "database schema", "volumes".
  public var notRestored: [String]
  /// How many rollouts the estimate is the median of, and whether they were of the target's image.
  public var estimateRollouts: UInt32
  public var estimateSameImage: Bool
  /// What the registry says of the image: "present", "moved" (the tag names another one now, the recorded one is still
  /// there), "gone", "blocked", "unchecked" (it could not be asked), "not_configured"; empty when it was not asked.
  public var imageCheck: String
  /// The deploy that is in progress, when that is why it would be refused (`conflict`).
  public var inFlight: DeployRecord?
  /// Where that deploy is carried out; empty when it belongs to another program of the platform.
  public var inFlightHost: String
  /// For how long the target served, from ready to being replaced. Absent where that is not known.
  public var targetLiveFor: Duration?
  /// The newest deploy, when it failed or was cancelled after `from` went live: its image may be what the cluster is on.
  public var undoes: DeployRecord?

  public init(
    from: DeployRecord? = nil, target: DeployRecord? = nil, allowed: Bool = false, refusalReason: String = "",
    refusalMessage: String = "", warnings: [Warning] = [], estimate: Duration? = nil, namespace: String = "",
    deployment: String = "", container: String = "", image: String = "", notRestored: [String] = [],
    estimateRollouts: UInt32 = 0, estimateSameImage: Bool = false, imageCheck: String = "",
    inFlight: DeployRecord? = nil, inFlightHost: String = "", targetLiveFor: Duration? = nil,
    undoes: DeployRecord? = nil
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
    self.image = image
    self.notRestored = notRestored
    self.estimateRollouts = estimateRollouts
    self.estimateSameImage = estimateSameImage
    self.imageCheck = imageCheck
    self.inFlight = inFlight
    self.inFlightHost = inFlightHost
    self.targetLiveFor = targetLiveFor
    self.undoes = undoes
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
    image = reader.string(fields.image)
    notRestored = reader.strings(fields.not_restored, count: fields.n_not_restored)
    estimateRollouts = fields.estimate_rollouts
    estimateSameImage = reader.bool(fields.estimate_same_image)
    imageCheck = reader.string(fields.image_check)
    inFlight = try reader.message(fields.in_flight)
    inFlightHost = reader.string(fields.in_flight_host)
    targetLiveFor = try reader.duration(fields.target_live_for, "rollback.v1.PlanRollbackResponse.target_live_for")
    undoes = try reader.message(fields.undoes)
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
    fields.image = writer.string(image)
    (fields.not_restored, fields.n_not_restored) = writer.strings(notRestored)
    fields.estimate_rollouts = estimateRollouts
    fields.estimate_same_image = writer.bool(estimateSameImage)
    fields.image_check = writer.string(imageCheck)
    fields.in_flight = writer.message(inFlight)
    fields.in_flight_host = writer.string(inFlightHost)
    fields.target_live_for = writer.duration(targetLiveFor)
    fields.undoes = writer.message(undoes)
  }
}
