public import CRollbackProto
public import ProtobufC

/// Asks for one page of the apps, by name.
public struct ListAppsRequest: Hashable, Sendable {
  /// 1 to 500; 0 asks for the default of 100.
  public var pageSize: UInt32
  public var pageToken: String

  public init(pageSize: UInt32 = 0, pageToken: String = "") {
    self.pageSize = pageSize
    self.pageToken = pageToken
  }
}

extension ListAppsRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_apps_request__init)

  public init(reading fields: Rollback__V1__ListAppsRequest, with reader: ProtobufReader) throws(ProtobufError) {
    pageSize = fields.page_size
    pageToken = reader.string(fields.page_token)
  }

  public func write(into fields: inout Rollback__V1__ListAppsRequest, with writer: ProtobufWriter) {
    fields.page_size = pageSize
    fields.page_token = writer.string(pageToken)
  }
}

/// One page of the apps.
public struct ListAppsResponse: Hashable, Sendable {
  public var apps: [App]
  public var nextPageToken: String

  public init(apps: [App] = [], nextPageToken: String = "") {
    self.apps = apps
    self.nextPageToken = nextPageToken
  }
}

extension ListAppsResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_apps_response__init)

  public init(reading fields: Rollback__V1__ListAppsResponse, with reader: ProtobufReader) throws(ProtobufError) {
    apps = try reader.messages(fields.apps, count: fields.n_apps)
    nextPageToken = reader.string(fields.next_page_token)
  }

  public func write(into fields: inout Rollback__V1__ListAppsResponse, with writer: ProtobufWriter) {
    (fields.apps, fields.n_apps) = writer.messages(apps)
    fields.next_page_token = writer.string(nextPageToken)
  }
}
