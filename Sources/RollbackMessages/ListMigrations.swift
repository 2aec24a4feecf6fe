public import CRollbackProto
public import ProtobufC

/// Asks for one page of an app's migrations, newest first.
public struct ListMigrationsRequest: Hashable, Sendable {
  public var app: String
  public var pageSize: UInt32
  public var pageToken: String

  public init(app: String = "", pageSize: UInt32 = 0, pageToken: String = "") {
    self.app = app
    self.pageSize = pageSize
    self.pageToken = pageToken
  }
}

extension ListMigrationsRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_migrations_request__init)

  public init(reading fields: Rollback__V1__ListMigrationsRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    pageSize = fields.page_size
    pageToken = reader.string(fields.page_token)
  }

  public func write(into fields: inout Rollback__V1__ListMigrationsRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.page_size = pageSize
    fields.page_token = writer.string(pageToken)
  }
}

/// One page of an app's migrations.
public struct ListMigrationsResponse: Hashable, Sendable {
  public var migrations: [Migration]
  public var nextPageToken: String

  public init(migrations: [Migration] = [], nextPageToken: String = "") {
    self.migrations = migrations
    self.nextPageToken = nextPageToken
  }
}

extension ListMigrationsResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__list_migrations_response__init)

  public init(reading fields: Rollback__V1__ListMigrationsResponse, with reader: ProtobufReader) throws(ProtobufError) {
    migrations = try reader.messages(fields.migrations, count: fields.n_migrations)
    nextPageToken = reader.string(fields.next_page_token)
  }

  public func write(into fields: inout Rollback__V1__ListMigrationsResponse, with writer: ProtobufWriter) {
    (fields.migrations, fields.n_migrations) = writer.messages(migrations)
    fields.next_page_token = writer.string(nextPageToken)
  }
}
