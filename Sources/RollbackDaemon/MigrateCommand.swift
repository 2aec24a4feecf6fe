internal import ConnectionPool
internal import LinuxIO
internal import Postgres

/// `rollbackd migrate`: brings the database's schema to what this version works with, and ends.
struct MigrateCommand {
  let values: SettingValues

  func run() async throws -> Int32 {
    let loop = try EventLoop.start(label: "migrate")
    defer {
      loop.stop()
      loop.join()
    }
    var configuration = try DaemonConfiguration.database(values).client
    configuration.pool.minimumConnections = 0
    let client = try PostgresClient(configuration: configuration, loop: loop)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await client.run() }
      defer { group.cancelAll() }
      do {
        for migration in try await SchemaMigrator(client: client).migrate() {
          _ = Program.say("applied migration \(migration.number), \(migration.name)\n")
        }
      } catch let error as PostgresError where error.isUnavailability {
        throw DaemonStartError(description: "PostgreSQL cannot be reached: \(error)", exitCode: 69)
      } catch let error as SchemaError {
        throw DaemonStartError(description: error.description, exitCode: 78)
      }
      return Program.say("the schema is up to date\n")
    }
  }
}
