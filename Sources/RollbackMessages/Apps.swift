public import CRollbackProto
public import ProtobufC

public struct App: Hashable, Sendable {
  /// UUID.
  public var id: String
  /// Unique; 1 to 253 characters of a-z, 0-9, "-" and ".".
  public var name: String
  public var namespace: String
  public var deployment: String
  public var container: String
  public var createdAt: Timestamp?

  public init(
    id: String = "", name: String = "", namespace: String = "", deployment: String = "", container: String = "",
    createdAt: Timestamp? = nil
  ) {
    self.id = id
    self.name = name
    self.namespace = namespace
    self.deployment = deployment
    self.container = container
    self.createdAt = createdAt
  }
}

extension App: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__app__init)

  public init(reading fields: Rollback__V1__App, with reader: ProtobufReader) throws(ProtobufError) {
    id = reader.string(fields.id)
    name = reader.string(fields.name)
    namespace = reader.string(fields.namespace_)
    deployment = reader.string(fields.deployment)
    container = reader.string(fields.container)
    createdAt = try reader.message(fields.created_at)
  }

  public func write(into fields: inout Rollback__V1__App, with writer: ProtobufWriter) {
    fields.id = writer.string(id)
    fields.name = writer.string(name)
    fields.namespace_ = writer.string(namespace)
    fields.deployment = writer.string(deployment)
    fields.container = writer.string(container)
    fields.created_at = writer.message(createdAt)
  }
}

public struct RegisterAppRequest: Hashable, Sendable {
  public var name: String
  public var namespace: String
  public var deployment: String
  public var container: String

  public init(
    name: String = "", namespace: String = "", deployment: String = "", container: String = ""
  ) {
    self.name = name
    self.namespace = namespace
    self.deployment = deployment
    self.container = container
  }
}

extension RegisterAppRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__register_app_request__init)

  public init(reading fields: Rollback__V1__RegisterAppRequest, with reader: ProtobufReader) throws(ProtobufError) {
    name = reader.string(fields.name)
    namespace = reader.string(fields.namespace_)
    deployment = reader.string(fields.deployment)
    container = reader.string(fields.container)
  }

  public func write(into fields: inout Rollback__V1__RegisterAppRequest, with writer: ProtobufWriter) {
    fields.name = writer.string(name)
    fields.namespace_ = writer.string(namespace)
    fields.deployment = writer.string(deployment)
    fields.container = writer.string(container)
  }
}

public struct RegisterAppResponse: Hashable, Sendable {
  public var app: App?
  /// False when it was known already, with the same values.
  public var created: Bool

  public init(
    app: App? = nil, created: Bool = false
  ) {
    self.app = app
    self.created = created
  }
}

extension RegisterAppResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__register_app_response__init)

  public init(reading fields: Rollback__V1__RegisterAppResponse, with reader: ProtobufReader) throws(ProtobufError) {
    app = try reader.message(fields.app)
    created = reader.bool(fields.created)
  }

  public func write(into fields: inout Rollback__V1__RegisterAppResponse, with writer: ProtobufWriter) {
    fields.app = writer.message(app)
    fields.created = writer.bool(created)
  }
}

public struct ListAppsRequest: Hashable, Sendable {
  /// 1 to 500; 0 asks for the default of 100.
  public var pageSize: UInt32
  public var pageToken: String

  public init(
    pageSize: UInt32 = 0, pageToken: String = ""
  ) {
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

public struct ListAppsResponse: Hashable, Sendable {
  public var apps: [App]
  public var nextPageToken: String

  public init(
    apps: [App] = [], nextPageToken: String = ""
  ) {
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
