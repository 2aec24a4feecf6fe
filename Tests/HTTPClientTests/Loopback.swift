import HTTPClient
import LinuxIO
import RollbackTestKit

/// A scripted server, a client, and the two loops they live on; everything ends with the closure.
func withLoopback<Result: Sendable>(
  configuration: HTTPClientConfiguration = .init(),
  answer: ScriptedHTTPServer.Script = .byHand,
  _ body: (HTTPClient, ScriptedHTTPServer) async throws -> Result
) async throws -> Result {
  let serverLoop = try EventLoop.start(label: "server")
  let clientLoop = try EventLoop.start(label: "client")
  defer {
    serverLoop.end()
    clientLoop.end()
  }
  let server = try await ScriptedHTTPServer(on: serverLoop, answer: answer)
  var configuration = configuration
  configuration.proxy = .direct
  let client = try HTTPClient(loop: clientLoop, configuration: configuration)
  do {
    let result = try await body(client, server)
    await client.shutDown()
    await server.stop()
    return result
  } catch {
    await client.shutDown()
    await server.stop()
    throw error
  }
}

extension ScriptedHTTPServer {
  func url(_ path: String) throws -> HTTPURL {
    try HTTPURL(parsing: baseURL + path)
  }
}
