public import CRollbackProto
public import ProtobufC

/// How a rollout is carried out and judged.
public struct RolloutOptions: Hashable, Sendable {
  /// Repeating a call with the same id joins the same operation and does nothing twice. A UUID; the daemon makes one
  /// where it is empty.
  public var requestID: String
  /// Why, for the record; at most 1,024 bytes.
  public var reason: String
  /// After this long the deploy ends as failed, "timed out". Absent: the daemon's default (10 minutes).
  public var timeout: Duration?
  /// How long the new pods must stay ready before the rollout counts as done. Absent: 2 s; zero is allowed.
  public var soak: Duration?
  /// Go on waiting also when a pod can never become ready.
  public var noFailFast: Bool
  public var onFailure: FailurePolicy
  /// Refuse when the registry cannot be asked, instead of warning.
  public var requireImageCheck: Bool
  /// The deploy (id or prefix) that must be current, else `expectation_failed`.
  public var expectCurrent: String
  /// Wait so long for a deploy that is under way to end, instead of answering `conflict` at once.
  public var waitForLock: Duration?
  /// Cancel the deploy that is under way and take its place.
  public var cancelRunning: Bool
  /// A JWT of the platform; its subject becomes the actor.
  public var token: String
  /// The actor's id, verified by the caller; only from peers that the configuration trusts to act for others.
  public var onBehalfOf: String

  public init(
    requestID: String = "", reason: String = "", timeout: Duration? = nil, soak: Duration? = nil,
    noFailFast: Bool = false, onFailure: FailurePolicy = .unspecified, requireImageCheck: Bool = false,
    expectCurrent: String = "", waitForLock: Duration? = nil, cancelRunning: Bool = false, token: String = "",
    onBehalfOf: String = ""
  ) {
    self.requestID = requestID
    self.reason = reason
    self.timeout = timeout
    self.soak = soak
    self.noFailFast = noFailFast
    self.onFailure = onFailure
    self.requireImageCheck = requireImageCheck
    self.expectCurrent = expectCurrent
    self.waitForLock = waitForLock
    self.cancelRunning = cancelRunning
    self.token = token
    self.onBehalfOf = onBehalfOf
  }
}

extension RolloutOptions: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__rollout_options__init)

  public init(reading fields: Rollback__V1__RolloutOptions, with reader: ProtobufReader) throws(ProtobufError) {
    requestID = reader.string(fields.request_id)
    reason = reader.string(fields.reason)
    timeout = try reader.duration(fields.timeout, "rollback.v1.RolloutOptions.timeout")
    soak = try reader.duration(fields.soak, "rollback.v1.RolloutOptions.soak")
    noFailFast = reader.bool(fields.no_fail_fast)
    onFailure = FailurePolicy(rawValue: fields.on_failure.rawValue)
    requireImageCheck = reader.bool(fields.require_image_check)
    expectCurrent = reader.string(fields.expect_current)
    waitForLock = try reader.duration(fields.wait_for_lock, "rollback.v1.RolloutOptions.wait_for_lock")
    cancelRunning = reader.bool(fields.cancel_running)
    token = reader.string(fields.token)
    onBehalfOf = reader.string(fields.on_behalf_of)
  }

  public func write(into fields: inout Rollback__V1__RolloutOptions, with writer: ProtobufWriter) {
    fields.request_id = writer.string(requestID)
    fields.reason = writer.string(reason)
    fields.timeout = writer.duration(timeout)
    fields.soak = writer.duration(soak)
    fields.no_fail_fast = writer.bool(noFailFast)
    fields.on_failure = .init(rawValue: onFailure.rawValue)
    fields.require_image_check = writer.bool(requireImageCheck)
    fields.expect_current = writer.string(expectCurrent)
    fields.wait_for_lock = writer.duration(waitForLock)
    fields.cancel_running = writer.bool(cancelRunning)
    fields.token = writer.string(token)
    fields.on_behalf_of = writer.string(onBehalfOf)
  }
}

extension RolloutOptions: CustomStringConvertible {
  /// What a log may hold: everything but the token, of which only the presence is told.
  public var description: String {
    "RolloutOptions(requestID: \(requestID), timeout: \(timeout.map { "\($0)" } ?? "default"), "
      + "onFailure: \(onFailure.rawValue), expectCurrent: \(expectCurrent), cancelRunning: \(cancelRunning), "
      + "onBehalfOf: \(onBehalfOf), token: \(token.isEmpty ? "none" : "given"))"
  }
}
