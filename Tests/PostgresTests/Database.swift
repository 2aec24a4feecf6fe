import LinuxIO
import Postgres
import DevServices
import RollbackTestKit

/// A client on a loop and a database of their own, for the length of one test.
func withClient<Value>(
  on database: ThrowawayPostgres.Database? = nil,
  configure: (inout PostgresConfiguration) -> Void = { _ in },
  _ body: (PostgresClient, ThrowawayPostgres.Database) async throws -> Value
) async throws -> Value {
  let database =
    if let database { database } else { try await ThrowawayPostgres.shared().makeDatabase() }
  var configuration = PostgresConfiguration(conninfo: database.conninfo)
  configure(&configuration)
  let loop = try EventLoop.start(label: "test")
  defer {
    loop.stop()
    loop.join()
  }
  let client = try PostgresClient(configuration: configuration, loop: loop)
  let running = Task(executorPreference: loop) { await client.run() }
  let result: Result<Value, any Error>
  do { result = .success(try await body(client, database)) } catch { result = .failure(error) }
  running.cancel()
  await running.value
  return try result.get()
}
