public import CRollbackProto
public import ProtobufC

public struct Migration: Hashable, Sendable {
  /// "0042".
  public var version: String
  /// "orders_add_note".
  public var name: String
  public var appliedAt: Timestamp?

  public init(
    version: String = "", name: String = "", appliedAt: Timestamp? = nil
  ) {
    self.version = version
    self.name = name
    self.appliedAt = appliedAt
  }
}

extension Migration: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__migration__init)

  public init(reading fields: Rollback__V1__Migration, with reader: ProtobufReader) throws(ProtobufError) {
    version = reader.string(fields.version)
    name = reader.string(fields.name)
    appliedAt = try reader.message(fields.applied_at)
  }

  public func write(into fields: inout Rollback__V1__Migration, with writer: ProtobufWriter) {
    fields.version = writer.string(version)
    fields.name = writer.string(name)
    fields.applied_at = writer.message(appliedAt)
  }
}

public struct RecordMigrationRequest: Hashable, Sendable {
  public var app: String
  public var version: String
  public var name: String

  public init(
    app: String = "", version: String = "", name: String = ""
  ) {
    self.app = app
    self.version = version
    self.name = name
  }
}

extension RecordMigrationRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__record_migration_request__init)

  public init(reading fields: Rollback__V1__RecordMigrationRequest, with reader: ProtobufReader) throws(ProtobufError) {
    app = reader.string(fields.app)
    version = reader.string(fields.version)
    name = reader.string(fields.name)
  }

  public func write(into fields: inout Rollback__V1__RecordMigrationRequest, with writer: ProtobufWriter) {
    fields.app = writer.string(app)
    fields.version = writer.string(version)
    fields.name = writer.string(name)
  }
}

public struct RecordMigrationResponse: Hashable, Sendable {
  public var migration: Migration?
  /// False when it was recorded before.
  public var created: Bool

  public init(
    migration: Migration? = nil, created: Bool = false
  ) {
    self.migration = migration
    self.created = created
  }
}

extension RecordMigrationResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__record_migration_response__init)

  public init(reading fields: Rollback__V1__RecordMigrationResponse, with reader: ProtobufReader) throws(ProtobufError) {
    migration = try reader.message(fields.migration)
    created = reader.bool(fields.created)
  }

  public func write(into fields: inout Rollback__V1__RecordMigrationResponse, with writer: ProtobufWriter) {
    fields.migration = writer.message(migration)
    fields.created = writer.bool(created)
  }
}

public struct ListMigrationsRequest: Hashable, Sendable {
  public var app: String
  public var pageSize: UInt32
  public var pageToken: String

  public init(
    app: String = "", pageSize: UInt32 = 0, pageToken: String = ""
  ) {
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

public struct ListMigrationsResponse: Hashable, Sendable {
  public var migrations: [Migration]
  public var nextPageToken: String

  public init(
    migrations: [Migration] = [], nextPageToken: String = ""
  ) {
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
