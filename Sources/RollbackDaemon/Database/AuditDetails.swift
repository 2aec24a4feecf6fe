internal import RollbackMessages
internal import RollbackService

/// `details_jsonb` of the row that an accepted rollback or deploy leaves (product contract, section 5).
struct AuditDetails: Encodable {
  var appID: String
  var app: String
  /// The rollback's target; absent for a forward deploy.
  var fromDeployID: String?
  /// The new deploy.
  var toDeployID: String
  /// What ran before.
  var previousDeployID: String?
  var imageRef: String
  var imageDigest: String?
  var reason: String?
  var requestID: String
  var warnings: [StoredWarning]
  var peer: AuditedPeer
  var host: String

  enum CodingKeys: String, CodingKey {
    case appID = "app_id"
    case app
    case fromDeployID = "from_deploy_id"
    case toDeployID = "to_deploy_id"
    case previousDeployID = "previous_deploy_id"
    case imageRef = "image_ref"
    case imageDigest = "image_digest"
    case reason
    case requestID = "request_id"
    case warnings, peer, host
  }

  init(_ intent: OperationIntent, host: String, userName: String?) {
    appID = intent.app.id
    app = intent.app.name
    fromDeployID = intent.plan.isRollback ? intent.plan.targetDeployID : nil
    toDeployID = intent.deployID
    previousDeployID = intent.plan.fromDeployID.isEmpty ? nil : intent.plan.fromDeployID
    imageRef = intent.imageRef
    imageDigest = intent.imageDigest.isEmpty ? nil : intent.imageDigest
    reason = intent.reason.isEmpty ? nil : intent.reason
    requestID = intent.plan.requestID
    warnings = intent.warnings.map { StoredWarning(code: $0.code, message: $0.message, details: $0.details) }
    peer = AuditedPeer(intent.peer, userName: userName)
    self.host = host
  }
}

/// Who was at the other end of the socket, as the kernel said.
struct AuditedPeer: Encodable {
  var uid: UInt32
  var gid: UInt32
  var pid: Int32
  var user: String?

  init(_ caller: Caller, userName: String?) {
    uid = caller.userID
    gid = caller.groupID
    pid = caller.processID
    user = caller.userName ?? userName
  }
}

/// `details_jsonb` of an outcome's row.
struct OutcomeDetails: Encodable {
  var appID: String
  var app: String
  var fromDeployID: String?
  var toDeployID: String
  var imageRef: String
  var requestID: String
  var message: String
  var timeToReadyMilliseconds: Int64?
  var targetMet: Bool?
  var replicas: [String: UInt32]
  var warnings: [StoredWarning]
  var host: String
  /// Cause, pod, container, proof: as far as they are known.
  var facts: [String: String]

  enum CodingKeys: String, CodingKey {
    case appID = "app_id"
    case app
    case fromDeployID = "from_deploy_id"
    case toDeployID = "to_deploy_id"
    case imageRef = "image_ref"
    case requestID = "request_id"
    case message
    case timeToReadyMilliseconds = "time_to_ready_ms"
    case targetMet = "target_met"
    case replicas, warnings, host, facts
  }
}

/// `details_jsonb` of a refusal's row.
struct RefusalDetails: Encodable {
  var app: String?
  var target: String?
  var reason: String
  var message: String
  var requestID: String?
  var details: [String: String]
  /// Only where the row stands for several calls.
  var repetition: RepetitionDetails?
  var peer: AuditedPeer
  var host: String

  enum CodingKeys: String, CodingKey {
    case app, target, reason, message
    case requestID = "request_id"
    case details
    case repetition = "repeated"
    case peer, host
  }
}

/// How many calls a refusal's row stands for; the row tells of the last one.
struct RepetitionDetails: Encodable {
  var count: UInt64
  var firstAt: String
  var lastAt: String

  enum CodingKeys: String, CodingKey {
    case count
    case firstAt = "first_at"
    case lastAt = "last_at"
  }

  init(_ repetition: AuditedRefusal.Repetition) {
    count = repetition.count
    firstAt = repetition.first.rfc3339
    lastAt = repetition.last.rfc3339
  }
}

/// `details_jsonb` of an app that was registered; the statement adds its id.
struct RegistrationDetails: Encodable {
  var app: String
  var namespace: String
  var deployment: String
  var container: String
  var peer: AuditedPeer
  var host: String
}

/// `details_jsonb` of a migration that was recorded.
struct MigrationDetails: Encodable {
  var appID: String
  var app: String
  var version: String
  var name: String
  var peer: AuditedPeer
  var host: String

  enum CodingKeys: String, CodingKey {
    case appID = "app_id"
    case app, version, name, peer, host
  }
}
