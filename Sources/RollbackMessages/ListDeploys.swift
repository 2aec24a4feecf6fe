public import CRollbackProto
public import ProtobufC

/// Asks for one page of an app's history, newest first.
public struct ListDeploysRequest: Hashable, Sendable {
  /// The app's name or its UUID.
  public var app: String
  /// 1 to 500; 0 asks for the default of 20.
  public var pageSize: UInt32
  /// `next_page_token` of the page before; empty for the first.
  public var pageToken: String
  /// Only deploys that a rollback may target.
  public var eligibleOnly: Bool
  /// Say also where a rollback without a target would go now.
  public var withDefaultTarget: Bool

  public init(
    app: String = "", pageSize: UInt32 = 0, pageToken: String = "", eligibleOnly: Bool = false,
    withDefaultTarget: Bool = false
  ) {
    self.app = app
    self.pageSize = pageSize
    self.pageToken = pageToken
    self.eligibleOnly = eligibleOnly
    self.withDefaultTarget = withDefaultTarget
  }
}

extension ListDeploysRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_deploys_request__init)

  public init(reading fields: Rollback__V1__ListDeploysRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    pageSize = fields.page_size
    pageToken = reader.string(fields.page_token)
    eligibleOnly = reader.bool(fields.eligible_only)
    withDefaultTarget = reader.bool(fields.with_default_target)
  }

  public func write(into fields: inout Rollback__V1__ListDeploysRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.page_size = pageSize
    fields.page_token = writer.string(pageToken)
    fields.eligible_only = writer.bool(eligibleOnly)
    fields.with_default_target = writer.bool(withDefaultTarget)
  }
}

/// One page of an app's history.
public struct ListDeploysResponse: Hashable, Sendable {
  public var deploys: [DeployRecord]
  /// Empty when this is the last page.
  public var nextPageToken: String
  /// The id of the deploy that a rollback without a target would go to now, whether or not it is on this page. Empty
  /// when there is none, and where it was not asked for.
  public var defaultTarget: String
  /// The id of the newest deploy, when it failed or was cancelled after the current one went live. Empty where it was
  /// not asked for.
  public var undoes: String

  public init(
    deploys: [DeployRecord] = [], nextPageToken: String = "", defaultTarget: String = "", undoes: String = ""
  ) {
    self.deploys = deploys
    self.nextPageToken = nextPageToken
    self.defaultTarget = defaultTarget
    self.undoes = undoes
  }
}

extension ListDeploysResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_deploys_response__init)

  public init(reading fields: Rollback__V1__ListDeploysResponse, with reader: ProtobufReader) throws(ProtobufError) {
    deploys = try reader.messages(fields.deploys, count: fields.n_deploys)
    nextPageToken = reader.string(fields.next_page_token)
    defaultTarget = reader.string(fields.default_target)
    undoes = reader.string(fields.undoes)
  }

  public func write(into fields: inout Rollback__V1__ListDeploysResponse, with writer: ProtobufWriter) {
    (fields.deploys, fields.n_deploys) = writer.messages(deploys)
    fields.next_page_token = writer.string(nextPageToken)
    fields.default_target = writer.string(defaultTarget)
    fields.undoes = writer.string(undoes)
  }
}
