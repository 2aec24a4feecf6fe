public import RollbackMessages

/// The append-only audit trail.
public protocol AuditLog: Sendable {
  /// Records a call that was refused, denied or in conflict.
  func recordRefusal(_ refusal: AuditedRefusal) async throws
  /// A page of events that match, newest first, or oldest first when following.
  func events(matching filter: AuditFilter, limit: Int) async throws -> [AuditEvent]
  /// Recomputes the chain from its beginning, in constant memory.
  func verify(expectedHead: [UInt8]?) async throws -> VerifyAuditResponse
}

/// A call that did nothing, and why.
public struct AuditedRefusal: Sendable {
  /// `deploy.rollback.refused`.
  public var action: String
  public var caller: Caller
  public var actorID: String?
  /// The app as the caller named it.
  public var app: String
  /// The target as the caller named it.
  public var target: String
  public var error: ServiceError
  public var requestID: String
  /// Where the row stands for several calls of one kind, of which it tells of the last.
  public var repetition: Repetition?

  public struct Repetition: Hashable, Sendable {
    public var count: UInt64
    public var first: Timestamp
    public var last: Timestamp

    public init(count: UInt64, first: Timestamp, last: Timestamp) {
      self.count = count
      self.first = first
      self.last = last
    }
  }

  public init(
    action: String, caller: Caller, actorID: String?, app: String, target: String, error: ServiceError,
    requestID: String
  ) {
    self.action = action
    self.caller = caller
    self.actorID = actorID
    self.app = app
    self.target = target
    self.error = error
    self.requestID = requestID
  }
}

/// Who makes a change that is audited.
public struct AuditedAuthor: Sendable {
  public var caller: Caller
  public var actorID: String?

  public init(caller: Caller, actorID: String?) {
    self.caller = caller
    self.actorID = actorID
  }
}

/// Which audit events are asked for.
public struct AuditFilter: Hashable, Sendable {
  /// The app's UUID.
  public var appID: String?
  public var action: String?
  /// `action` is only the beginning.
  public var isActionPrefix: Bool
  public var actorID: String?
  public var targetID: String?
  /// Microseconds since 1970: not before, and before.
  public var since: Int64?
  public var until: Int64?
  /// Only rows with a smaller id.
  public var before: Int64?
  /// Only rows with a greater id, oldest first.
  public var after: Int64?

  public init(
    appID: String? = nil, action: String? = nil, isActionPrefix: Bool = false, actorID: String? = nil,
    targetID: String? = nil, since: Int64? = nil, until: Int64? = nil, before: Int64? = nil, after: Int64? = nil
  ) {
    self.appID = appID
    self.action = action
    self.isActionPrefix = isActionPrefix
    self.actorID = actorID
    self.targetID = targetID
    self.since = since
    self.until = until
    self.before = before
    self.after = after
  }
}
