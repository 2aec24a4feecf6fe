import Foundation
import Testing

@testable import DevCluster

/// The cluster over HTTP, asked by `curl`.
@Suite(.enabled(if: Command.exists("curl"), "curl is not installed"))
struct ServerTests {
  static let deployments = "/apis/apps/v1/namespaces/default/deployments"

  /// A server with the Deployment `hello`, and how to ask it.
  struct Client {
    var cluster: DevCluster
    var baseURL: String

    func curl(_ path: String, _ arguments: String..., body: String? = nil) async throws -> Command {
      var all = ["-sS", "-i", "--http1.1", "-H", "Authorization: Bearer secret"] + arguments
      if let body { all += ["-d", body] }
      return try await Command.run("curl", all + [baseURL + path])
    }

    func json(_ path: String, _ arguments: String...) async throws -> JSON {
      let result = try await Command.run(
        "curl", ["-sS", "-H", "Authorization: Bearer secret"] + arguments + [baseURL + path])
      return try JSON.parse(text: result.output)
    }

    func patch(_ patch: String) async throws -> Command {
      try await curl(
        deployments + "/hello", "-X", "PATCH", "-H", "Content-Type: application/merge-patch+json", body: patch)
    }
  }

  func withServer(
    _ configure: (inout DevCluster.Configuration) -> Void = { _ in },
    _ body: @Sendable @escaping (Client) async throws -> Void
  ) async throws {
    var configuration = DevCluster.Configuration()
    configuration.usesTLS = false
    configuration.isManuallyTimed = true
    configuration.token = "secret"
    configure(&configuration)
    try await DevCluster.with(configuration) { cluster in
      let client = Client(cluster: cluster, baseURL: try await cluster.baseURL)
      let created = try await client.curl(
        Self.deployments, "-H", "Content-Type: application/json",
        body: """
          {"metadata":{"name":"hello"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":\
          {"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"hello:v1"}]}}}}
          """)
      #expect(created.output.hasPrefix("HTTP/1.1 201"))
      cluster.advance(by: .seconds(3))
      try await body(client)
    }
  }

  @Test func tokensAreAskedForUnderTLS() async throws {
    var configuration = DevCluster.Configuration()
    configuration.token = "secret"
    configuration.users = ["reader": .init(name: "reader", rules: [.readAll])]
    try await DevCluster.with(configuration) { cluster in
      let directory = try TemporaryDirectory()
      let authority = try #require(cluster.certificate?.certificate)
      let file = try directory.write(authority, to: "ca.pem")
      func ask(_ token: String?, _ method: String = "GET") async throws -> (Int, JSON) {
        let header = token.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
        let result = try await Command.run(
          "curl",
          ["-sS", "--cacert", file, "-X", method, "-w", "\n%{http_code}"] + header
            + [cluster.baseURL + "/api/v1/namespaces/default/pods"])
        let lines = result.output.split(separator: "\n")
        return (Int(lines.last ?? "") ?? 0, try JSON.parse(text: String(lines.first ?? "")))
      }
      #expect(try await ask("secret").0 == 200)
      #expect(try await ask("reader").0 == 200)
      #expect(try await ask("reader", "DELETE").0 == 403)
      let wrong = try await ask("wrong")
      #expect(wrong.0 == 401)
      #expect(
        wrong.1 == [
          "kind": "Status", "apiVersion": "v1", "metadata": .object([:]), "status": "Failure",
          "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
        ])
      #expect(try await ask(nil).0 == 403)
    }
  }

  @Test func aWatchStreamsAndEnds() async throws {
    try await withServer { client in
      async let watch = client.curl(
        Self.deployments + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=30", "-N")
      await client.cluster.waitForWatches(1)
      _ = try await client.patch(#"{"metadata":{"annotations":{"a":"b"}}}"#)
      client.cluster.advance(by: .seconds(31))
      let result = try await watch
      let lines = result.output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("{") }
      let types = try lines.map { try JSON.parse(text: String($0))["type"].string ?? "" }
      #expect(types == ["ADDED", "BOOKMARK", "MODIFIED", "MODIFIED", "BOOKMARK"])
      #expect(result.status == 0)
      #expect(result.output.lowercased().contains("transfer-encoding: chunked"))
      #expect(client.cluster.openWatches == 0)
    }
  }

  @Test func aWatchWhoseClientHasGoneEnds() async throws {
    try await withServer { client in
      let gone = try await client.curl(Self.deployments + "?watch=1", "-N", "--max-time", "0.3")
      #expect(gone.status == 28)
      // The server learns of it at the latest when it has something to say.
      for number in 0..<3 { _ = try await client.patch(#"{"metadata":{"annotations":{"a":"\#(number)"}}}"#) }
      #expect(client.cluster.openWatches == 0)
    }
  }

  @Test func anExpiredWatchIsAnEventAndNoError() async throws {
    try await withServer { client in
      client.cluster.inject(Fault(.status(410), verb: "watch"))
      let watch = try await client.curl(Self.deployments + "?watch=1", "-N")
      #expect(watch.output.hasPrefix("HTTP/1.1 200"))
      #expect(watch.output.contains(#""type":"ERROR""#) && watch.output.contains(#""reason":"Expired""#))
      client.cluster.inject(Fault(.status(410), verb: "list"))
      #expect(try await client.curl(Self.deployments).output.hasPrefix("HTTP/1.1 410"))
    }
  }

  @Test func aFrozenServerAnswersLater() async throws {
    try await withServer { client in
      client.cluster.freeze(for: .seconds(60))
      let late = try await client.curl(Self.deployments, "--max-time", "0.3")
      #expect(late.status == 28)
      client.cluster.clearFaults()
      #expect(try await client.curl(Self.deployments).output.hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test func faultsBefallTheNextRequests() async throws {
    try await withServer { client in
      let path = Self.deployments + "/hello"
      client.cluster.inject(Fault(.status(429, retryAfter: 2), verb: "get", path: "/deployments/", times: 2))
      #expect(try await client.curl("/api/v1/namespaces/default/pods").output.hasPrefix("HTTP/1.1 200"))
      for _ in 0..<2 {
        let refused = try await client.curl(path)
        #expect(refused.output.hasPrefix("HTTP/1.1 429"))
        #expect(refused.output.lowercased().contains("retry-after: 2"))
        #expect(refused.output.contains(#""reason":"TooManyRequests""#))
      }
      #expect(try await client.curl(path).output.hasPrefix("HTTP/1.1 200"))

      client.cluster.inject(Fault(.cutBefore, verb: "patch"))
      #expect(try await client.patch(#"{"metadata":{"labels":{"cut":"before"}}}"#).status == 52)
      #expect(try await client.json(path)["metadata"]["labels"]["cut"].isNull)
      client.cluster.inject(Fault(.cutAfter, verb: "patch"))
      #expect(try await client.patch(#"{"metadata":{"labels":{"cut":"after"}}}"#).status == 52)
      #expect(try await client.json(path)["metadata"]["labels"]["cut"] == "after")
    }
  }

  @Test func aRestartForgetsWhatWatchesStartFrom() async throws {
    try await withServer { client in
      let version = try await client.json(Self.deployments)["metadata"]["resourceVersion"].string ?? ""
      async let open = client.curl(Self.deployments + "?watch=1", "-N")
      await client.cluster.waitForWatches(1)
      _ = try await client.patch(#"{"metadata":{"annotations":{"a":"b"}}}"#)
      client.cluster.restart()
      #expect(try await open.status == 0)
      let again = try await client.curl(Self.deployments + "?watch=1&resourceVersion=\(version)", "-N")
      #expect(again.output.hasPrefix("HTTP/1.1 200"))
      #expect(again.output.contains(#""type":"ERROR""#) && again.output.contains(#""code":410"#))
    }
  }

  @Test func theControlEndpointInjectsAndTells() async throws {
    try await withServer { client in
      let fault = #"{"failure":"status","code":503,"verb":"list"}"#
      #expect(try await client.curl("/dev/faults", body: fault).output.hasPrefix("HTTP/1.1 200"))
      #expect(try await client.curl(Self.deployments).output.hasPrefix("HTTP/1.1 503"))
      _ = try await client.patch(#"{"metadata":{"annotations":{"rollbackd.io/deploy-id":"42"}}}"#)
      let writes = try await client.json("/dev/writes")["items"].elements
      #expect(writes.last?["deployID"] == "42" && writes.last?["bumpedGeneration"] == true)
      let requests = try await client.json("/dev/requests")["items"].elements
      #expect(requests.contains { $0["verb"] == "patch" && $0["status"] == 200 })
      #expect(requests.filter { $0["isFaulty"] == true }.map { $0["status"] } == [503])
      let anonymous = try await Command.run("curl", ["-sS", client.baseURL + "/dev/requests"])
      #expect(anonymous.output.contains("Unauthorized"))
    }
  }

  @Test func theLogTellsCallersApartAndWhatTheyWereAskedToWait() async throws {
    try await withServer { client in
      let administrator = #"{"name":"host1","token":"of-host1"}"#
      #expect(try await client.curl("/dev/administrators", body: administrator).output.hasPrefix("HTTP/1.1 200"))
      _ = try await client.curl(
        "/dev/faults", body: #"{"failure":"status","code":429,"retryAfter":7,"verb":"list"}"#)
      let url = client.baseURL + Self.deployments
      for token in ["of-host1", "of-host2"] {
        _ = try await Command.run("curl", ["-sS", "-H", "Authorization: Bearer \(token)", url])
      }
      let before = Date().timeIntervalSince1970 - 60
      let lists = try await client.json("/dev/requests")["items"].elements.filter { $0["verb"] == "list" }
      let ours = lists.filter { $0["user"] == "host1" }
      #expect(ours.count == 1 && ours[0]["status"] == 429 && ours[0]["retryAfter"] == 7)
      #expect(lists.count == 1, "a token that nobody has is refused before it is logged")
      if case .double(let at)? = ours.first?["at"] { #expect(at > before) } else { Issue.record("no time") }
    }
  }

  @Test func aNoOpPatchIsNoEffectiveWrite() async throws {
    try await withServer { client in
      for _ in 0..<2 { _ = try await client.patch(#"{"metadata":{"annotations":{"a":"b"}}}"#) }
      let writes = client.cluster.effectiveWrites.filter { $0.fieldManager == "curl" }
      #expect(writes.count == 1)
    }
  }

  @Test func aReaderThatIsTooSlowIsCutOff() {
    var configuration = DevCluster.Configuration()
    configuration.usesTLS = false
    configuration.isManuallyTimed = true
    configuration.watchBacklog = 3
    let engine = ClusterEngine(configuration)
    var request = APIRequest(method: "GET", path: "/api/v1/namespaces")
    request.query = ["watch": "1"]
    guard case .respond(_, let stream?) = engine.handle(request, from: .admin) else {
      Issue.record("no stream")
      return
    }
    for number in 0..<5 {
      var create = APIRequest(method: "POST", path: "/api/v1/namespaces")
      create.body = Array(#"{"metadata":{"name":"n\#(number)"}}"#.utf8)
      _ = engine.handle(create, from: .admin)
    }
    #expect(engine.withState { $0.watches.count } == 0)
    _ = stream
  }
}
