import HTTPClient
import KubernetesClient
import KubernetesObjects
import LinuxIO
import Logging
import RollbackTestKit
import Testing

/// A scripted API server, a client of it whose time the test holds, and their loops.
struct ScriptedCluster: Sendable {
  let server: ScriptedHTTPServer
  let client: KubernetesClient
  let clock: ManualClock

  /// Runs `body`, then ends everything.
  static func with<Result: Sendable>(
    user: ClusterAccess.User = .init(),
    configuration: KubernetesClientConfiguration = .init(),
    answer: ScriptedHTTPServer.Script = .byHand,
    _ body: (ScriptedCluster) async throws -> Result
  ) async throws -> Result {
    let serverLoop = try EventLoop.start(label: "server")
    let clientLoop = try EventLoop.start(label: "client")
    defer {
      serverLoop.end()
      clientLoop.end()
    }
    let server = try await ScriptedHTTPServer(on: serverLoop, answer: answer)
    let clock = ManualClock()
    let access = ClusterAccess(
      server: HTTPURL(scheme: .http, host: "127.0.0.1", port: server.port), proxy: .direct, user: user)
    let client = try KubernetesClient(
      access: access, loop: clientLoop, configuration: configuration,
      time: KubernetesTime(clock: clock, wallClock: { .init(seconds: 1000) }, random: { 0.5 }))
    do {
      let result = try await body(ScriptedCluster(server: server, client: client, clock: clock))
      await client.shutDown()
      await server.stop()
      return result
    } catch {
      await client.shutDown()
      await server.stop()
      throw error
    }
  }
}

extension ScriptedHTTPServer.Answer {
  /// A recorded answer, without the headers that say how it was transferred.
  init(_ exchange: Recorded.Exchange) {
    self.init(
      status: exchange.status,
      headers: exchange.responseHeaders.filter { !["Transfer-Encoding", "Content-Length"].contains($0.key) }
        .map { ($0.key, $0.value) },
      text: exchange.responseBody)
  }
}

extension ScriptedHTTPServer.Request {
  /// The query's items, decoded.
  var query: [String: String] {
    guard let mark = target.firstIndex(of: "?") else { return [:] }
    var items: [String: String] = [:]
    for item in target[target.index(after: mark)...].split(separator: "&") {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      items[String(parts[0])] = parts.count > 1 ? Self.decode(parts[1]) : ""
    }
    return items
  }

  var path: String { String(target.prefix { $0 != "?" }) }

  private static func decode(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2 {
        bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The error of something that must fail; nil, and an issue, when it does not.
func failure<Value>(_ body: @Sendable () async throws -> Value) async -> KubernetesError? {
  do {
    _ = try await body()
    Issue.record("did not fail")
    return nil
  } catch {
    return error as? KubernetesError
  }
}
