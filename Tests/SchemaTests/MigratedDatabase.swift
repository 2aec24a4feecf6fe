import ConnectionPool
import LinuxIO
import Postgres
import RollbackDaemon
import DevServices
import RollbackTestKit

/// A client of a database of its own: empty, or with the schema.
func withDatabase<Value>(
  migrated: Bool = true, connections: Int = 4,
  _ body: (PostgresClient, ThrowawayPostgres.Database) async throws -> Value
) async throws -> Value {
  let database = try await ThrowawayPostgres.shared().makeDatabase()
  let loop = try EventLoop.start(label: "test")
  defer {
    loop.stop()
    loop.join()
  }
  var configuration = PostgresConfiguration(conninfo: database.conninfo)
  configuration.pool.maximumConnections = connections
  let client = try PostgresClient(configuration: configuration, loop: loop)
  let running = Task(executorPreference: loop) { await client.run() }
  let result: Result<Value, any Error>
  do {
    if migrated { _ = try await SchemaMigrator(client: client).migrate() }
    result = .success(try await body(client, database))
  } catch {
    result = .failure(error)
  }
  running.cancel()
  await running.value
  return try result.get()
}
