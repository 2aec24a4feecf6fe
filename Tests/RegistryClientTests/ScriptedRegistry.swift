import HTTPClient
import LinuxIO
import Logging
import RegistryClient
import RollbackTestKit

/// A scripted registry, a client of it, and their loops; everything ends with the closure.
func withScriptedRegistry<C: Clock>(
  credentials: RegistryCredentials.Login? = nil, timeout: Duration = .seconds(3),
  clock: C = ContinuousClock(), answer: ScriptedHTTPServer.Script = .byHand,
  _ body: (RegistryClient, ScriptedHTTPServer) async throws -> Void
) async throws where C.Duration == Duration {
  let serverLoop = try EventLoop.start(label: "server")
  let clientLoop = try EventLoop.start(label: "client")
  defer {
    serverLoop.end()
    clientLoop.end()
  }
  let server = try await ScriptedHTTPServer(on: serverLoop, answer: answer)
  let client = try RegistryClient(
    configuration(server.baseURL, credentials, timeout: timeout), loop: clientLoop, time: RegistryTime(clock: clock),
    log: quiet)
  do {
    try await body(client, server)
  } catch {
    await client.shutDown()
    await server.stop()
    throw error
  }
  await client.shutDown()
  await server.stop()
}

/// A client of a registry that runs already, and its loop.
func withClient(
  of address: String, _ login: RegistryCredentials.Login? = nil, trust: TLSConfiguration.Trust = .system,
  timeout: Duration = .seconds(10), _ body: (RegistryClient) async throws -> Void
) async throws {
  let loop = try EventLoop.start(label: "client")
  defer { loop.end() }
  let client = try RegistryClient(
    configuration(address, login, trust: trust, timeout: timeout), loop: loop,
    time: RegistryTime(clock: ContinuousClock()), log: quiet)
  do {
    try await body(client)
  } catch {
    await client.shutDown()
    throw error
  }
  await client.shutDown()
}

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

private func configuration(
  _ address: String, _ login: RegistryCredentials.Login?, trust: TLSConfiguration.Trust = .system, timeout: Duration
) throws -> RegistryClientConfiguration {
  let map = try RegistryMap(parsing: ["harbor/=\(address)"])
  let host = address.split(separator: "/").last.map(String.init) ?? ""
  return RegistryClientConfiguration(
    map: map, credentials: RegistryCredentials(login.map { [host: $0] } ?? [:]), trust: trust, timeout: timeout,
    proxy: .direct)
}

/// Asks about `harbor/octave/hello`.
func hello(_ tag: String? = "v2", _ digest: String? = nil) -> ManifestQuestion {
  ManifestQuestion(repository: "harbor/octave/hello", tag: tag, digest: digest)
}
