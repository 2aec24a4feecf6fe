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

  public init(app: String = "", pageSize: UInt32 = 0, pageToken: String = "", eligibleOnly: Bool = false) {
    self.app = app
    self.pageSize = pageSize
    self.pageToken = pageToken
    self.eligibleOnly = eligibleOnly
  }
}

extension ListDeploysRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_deploys_request__init)

  public init(reading fields: Rollback__V1__ListDeploysRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    pageSize = fields.page_size
    pageToken = reader.string(fields.page_token)
    eligibleOnly = reader.bool(fields.eligible_only)
  }

  public func write(into fields: inout Rollback__V1__ListDeploysRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.page_size = pageSize
    fields.page_token = writer.string(pageToken)
    fields.eligible_only = writer.bool(eligibleOnly)
  }
}

/// One page of an app's history.
public struct ListDeploysResponse: Hashable, Sendable {
  public var deploys: [DeployRecord]
  /// Empty when this is the last page.
  public var nextPageToken: String

  public init(deploys: [DeployRecord] = [], nextPageToken: String = "") {
    self.deploys = deploys
    self.nextPageToken = nextPageToken
  }
}

extension ListDeploysResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_deploys_response__init)

  public init(reading fields: Rollback__V1__ListDeploysResponse, with reader: ProtobufReader) throws(ProtobufError) {
    deploys = try reader.messages(fields.deploys, count: fields.n_deploys)
    nextPageToken = reader.string(fields.next_page_token)
  }

  public func write(into fields: inout Rollback__V1__ListDeploysResponse, with writer: ProtobufWriter) {
    (fields.deploys, fields.n_deploys) = writer.messages(deploys)
    fields.next_page_token = writer.string(nextPageToken)
  }
}
