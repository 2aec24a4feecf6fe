public import CRollbackProto
public import ProtobufC

/// Asks to note a migration. Repeating it changes nothing.
public struct RecordMigrationRequest: Hashable, Sendable {
  public var app: String
  public var version: String
  public var name: String

  public init(app: String = "", version: String = "", name: String = "") {
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

/// The migration as it is on record.
public struct RecordMigrationResponse: Hashable, Sendable {
  public var migration: Migration?
  /// False when it was recorded before.
  public var created: Bool

  public init(migration: Migration? = nil, created: Bool = false) {
    self.migration = migration
    self.created = created
  }
}

extension RecordMigrationResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__record_migration_response__init)

  public init(reading fields: Rollback__V1__RecordMigrationResponse, with reader: ProtobufReader) throws(ProtobufError)
  {
    migration = try reader.message(fields.migration)
    created = reader.bool(fields.created)
  }

  public func write(into fields: inout Rollback__V1__RecordMigrationResponse, with writer: ProtobufWriter) {
    fields.migration = writer.message(migration)
    fields.created = writer.bool(created)
  }
}
