public import CRollbackProto
public import ProtobufC

/// Asks for audit events, newest first; empty fields do not restrict.
public struct AuditQueryRequest: Hashable, Sendable {
  /// Only events of this app: its name or UUID.
  public var app: String
  /// Only this action; a trailing "*" matches any ending.
  public var action: String
  public var actor: String
  public var target: String
  /// Only events not before this time.
  public var since: Timestamp?
  /// Only events before this time.
  public var until: Timestamp?
  /// At most so many events in all; 0: no limit.
  public var limit: UInt64
  /// `next_cursor` of an earlier page: goes on behind it.
  public var cursor: String
  /// Events a page, 1 to 1,000; 0 asks for the default of 200.
  public var pageSize: UInt32
  /// After the newest, wait for more.
  public var follow: Bool

  public init(
    app: String = "", action: String = "", actor: String = "", target: String = "", since: Timestamp? = nil,
    until: Timestamp? = nil, limit: UInt64 = 0, cursor: String = "", pageSize: UInt32 = 0, follow: Bool = false
  ) {
    self.app = app
    self.action = action
    self.actor = actor
    self.target = target
    self.since = since
    self.until = until
    self.limit = limit
    self.cursor = cursor
    self.pageSize = pageSize
    self.follow = follow
  }
}

extension AuditQueryRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__audit_query_request__init)

  public init(reading fields: Rollback__V1__AuditQueryRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    action = reader.string(fields.action)
    actor = reader.string(fields.actor)
    target = reader.string(fields.target)
    since = try reader.timestamp(fields.since, "rollback.v1.AuditQueryRequest.since")
    until = try reader.timestamp(fields.until, "rollback.v1.AuditQueryRequest.until")
    limit = fields.limit
    cursor = reader.string(fields.cursor)
    pageSize = fields.page_size
    follow = reader.bool(fields.follow)
  }

  public func write(into fields: inout Rollback__V1__AuditQueryRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.action = writer.string(action)
    fields.actor = writer.string(actor)
    fields.target = writer.string(target)
    fields.since = writer.message(since)
    fields.until = writer.message(until)
    fields.limit = limit
    fields.cursor = writer.string(cursor)
    fields.page_size = pageSize
    fields.follow = writer.bool(follow)
  }
}

/// Some of the events that were asked for.
public struct AuditPage: Hashable, Sendable {
  public var events: [AuditEvent]
  /// Where to go on; empty when nothing follows.
  public var nextCursor: String

  public init(events: [AuditEvent] = [], nextCursor: String = "") {
    self.events = events
    self.nextCursor = nextCursor
  }
}

extension AuditPage: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__audit_page__init)

  public init(reading fields: Rollback__V1__AuditPage, with reader: ProtobufReader) throws(ProtobufError) {
    events = try reader.messages(fields.events, count: fields.n_events)
    nextCursor = reader.string(fields.next_cursor)
  }

  public func write(into fields: inout Rollback__V1__AuditPage, with writer: ProtobufWriter) {
    (fields.events, fields.n_events) = writer.messages(events)
    fields.next_cursor = writer.string(nextCursor)
  }
}
