public import RollbackMessages

extension RollbackService {
  /// Notes a migration that was applied for an app.
  public func recordMigration(
    _ request: RecordMigrationRequest, from caller: Caller
  ) async throws -> RecordMigrationResponse {
    try await authorize(caller, .recordMigration)
    let author = AuditedAuthor(caller: caller, actorID: authorization.actors[caller.userID])
    return try await auditingRefusals("migration.record", app: request.app, target: request.version, by: author) {
      guard !request.version.isEmpty else {
        throw ServiceError(.invalidArgument, "version is empty: name the migration")
      }
      try RequestCheck.text(request.version, "version", limit: 128)
      try RequestCheck.text(request.name, "name", limit: 256)
      let app = try await app(named: request.app)
      let migration = Migration(version: request.version, name: request.name)
      let (recorded, created) = try await deploys.record(migration, of: app, by: author)
      return RecordMigrationResponse(migration: recorded, created: created)
    }
  }

  /// The migrations applied for an app, newest first.
  public func listMigrations(_ request: ListMigrationsRequest, from caller: Caller) async throws
    -> ListMigrationsResponse
  {
    try await authorize(caller, .listMigrations)
    let size = try RequestCheck.pageSize(request.pageSize, default: 100, limit: 500)
    let app = try await app(named: request.app)
    var migrations = try await deploys.migrations(of: app, after: request.pageToken, limit: size + 1)
    let isLast = migrations.count <= size
    if !isLast { migrations.removeLast() }
    return ListMigrationsResponse(migrations: migrations, nextPageToken: isLast ? "" : migrations.last?.version ?? "")
  }
}
