import FoundationEssentials
import HTTPClient
import KubernetesObjects
import RollbackTestKit
import Testing

@testable import KubernetesClient

@Suite(.timeLimit(.minutes(1)))
struct KubernetesClientTests {
  static func recorded(_ name: String, in file: String = "h-patch-and-errors") throws -> Recorded.Exchange {
    try #require(try Recorded.exchanges(file).first { $0.case.hasPrefix(name) })
  }

  @Test func readsADeployment() async throws {
    let exchange = try Self.recorded("get")
    try await ScriptedCluster.with(answer: .each { _ in .init(exchange) }) { cluster in
      let answer = try await cluster.client.get(Deployment.self, name: "hello", namespace: "tr-h")
      #expect(answer.object.metadata.name == "hello")
      #expect(answer.object.metadata.resourceVersion == "2000")
    }
  }

  @Test func asksTheWayAnAPIServerExpects() async throws {
    var configuration = KubernetesClientConfiguration()
    configuration.userAgent = "rollbackd/1.2.3"
    var user = ClusterAccess.User()
    user.token = "secret"
    user.impersonation = .init(user: "root", groups: ["a", "b"])
    try await ScriptedCluster.with(user: user, configuration: configuration) { cluster in
      async let failed = failure { try await cluster.client.get(Pod.self, name: "a/b?c", namespace: "n s") }
      let exchange = await cluster.server.next()
      #expect(exchange.request.target == "/api/v1/namespaces/n%20s/pods/a%2Fb%3Fc")
      #expect(exchange.request.header("User-Agent") == "rollbackd/1.2.3")
      #expect(exchange.request.header("Accept") == "application/json")
      #expect(exchange.request.header("Authorization") == "Bearer secret")
      #expect(exchange.request.headers.filter { $0.name == "Impersonate-Group" }.map(\.value) == ["a", "b"])
      exchange.respond(.init(status: 404, text: "no"))
      _ = await failed
    }
  }

  @Test(arguments: ["", ".", ".."])
  func refusesNamesThatWouldChangeThePath(_ name: String) async throws {
    try await ScriptedCluster.with { cluster in
      let error = await #expect(throws: KubernetesError.self) {
        try await cluster.client.get(Pod.self, name: name, namespace: "n")
      }
      #expect(error?.code == .invalid)
    }
  }

  @Test func patchesStrictlyUnderOurName() async throws {
    let exchange = try Self.recorded("patch image, success")
    let warned = try Self.recorded("unknown field, default")
    try await ScriptedCluster.with { cluster in
      async let answer = cluster.client.patch(
        Deployment.self, name: "hello", namespace: "tr-h", body: Array("{}".utf8))
      let received = await cluster.server.next()
      #expect(received.request.method == "PATCH")
      #expect(received.request.query == ["fieldManager": "rollbackd", "fieldValidation": "Strict"])
      #expect(received.request.header("Content-Type") == "application/strategic-merge-patch+json")
      #expect(received.request.body == Array("{}".utf8))
      var reply = ScriptedHTTPServer.Answer(exchange)
      reply.headers.append(("Warning", try #require(warned.responseHeaders["Warning"])))
      reply.headers.append(("Date", "Mon, 23 Nov 2026 22:03:40 GMT"))
      received.respond(reply)
      let patched = try await answer
      #expect(patched.object.metadata.generation == 2)
      #expect(patched.warnings == ["unknown field \"spec.replicaz\""])
      #expect(patched.serverDate == Timestamp(rfc3339: "2026-11-23T22:03:40Z"))
    }
  }

  @Test func listsPageByPage() async throws {
    func page(_ names: [String], token: String, version: String) -> ScriptedHTTPServer.Answer {
      let items = names.map { #"{"metadata":{"name":"\#($0)","uid":"\#($0)"},"spec":{"containers":[]}}"# }
      return .init(
        text:
          #"{"metadata":{"resourceVersion":"\#(version)","continue":"\#(token)"},"items":[\#(items.joined(separator: ","))]}"#
      )
    }
    try await ScriptedCluster.with { cluster in
      async let list = cluster.client.list(
        Pod.self, namespace: "n", selection: .init(labels: "app in (a,b)"), version: .any)
      let first = await cluster.server.next()
      #expect(first.request.query == ["labelSelector": "app in (a,b)", "limit": "500", "resourceVersion": "0"])
      first.respond(page(["a", "b"], token: "t/1", version: "10"))
      let second = await cluster.server.next()
      #expect(second.request.query == ["labelSelector": "app in (a,b)", "limit": "500", "continue": "t/1"])
      second.respond(page(["c"], token: "", version: "10"))
      let result = try await list
      #expect(result.items.map(\.metadata.name) == ["a", "b", "c"])
      #expect(result.metadata.resourceVersion == "10")
    }
  }

  @Test func aListThatRepeatsItsTokenEnds() async throws {
    try await ScriptedCluster.with(
      answer: .each { _ in .init(text: #"{"metadata":{"resourceVersion":"1","continue":"again"},"items":[]}"#) }
    ) { cluster in
      let error = await #expect(throws: KubernetesError.self) {
        try await cluster.client.list(Pod.self, namespace: "n")
      }
      #expect(error?.code == .malformedAnswer)
    }
  }

  @Test func readsLogsAndVersion() async throws {
    let version = try Self.recorded("version", in: "h2-discovery-access-lists")
    try await ScriptedCluster.with { cluster in
      async let log = cluster.client.podLog(
        pod: "p", namespace: "n", container: "web", previous: true, tailLines: 20, limitBytes: 1000)
      let logExchange = await cluster.server.next()
      #expect(logExchange.request.path == "/api/v1/namespaces/n/pods/p/log")
      #expect(
        logExchange.request.query == ["container": "web", "previous": "true", "tailLines": "20", "limitBytes": "1000"])
      logExchange.respond(.init(headers: [("Content-Type", "text/plain")], text: "line\n"))
      let text = try await log
      #expect(text == Array("line\n".utf8))
      async let gitVersion = cluster.client.version().gitVersion
      (await cluster.server.next()).respond(.init(version))
      let got = try await gitVersion
      #expect(got == "v1.36.2")
    }
  }

  // MARK: Retries and broken answers

  @Test func waitsAsToldWhenThrottled() async throws {
    try await ScriptedCluster.with { cluster in
      async let answer = cluster.client.version()
      for _ in 0..<2 {
        (await cluster.server.next()).respond(.init(status: 429, headers: [("Retry-After", "3")], text: "slow"))
        // Three seconds, and half of the fifth that random numbers may add.
        #expect(await cluster.clock.nextSleep() == .milliseconds(3300))
        cluster.clock.advance(by: .milliseconds(3300))
      }
      (await cluster.server.next()).respond(.init(text: #"{"gitVersion":"v1"}"#))
      let version = try await answer
      #expect(version.gitVersion == "v1")
    }
  }

  @Test func givesUpAfterTenRetries() async throws {
    try await ScriptedCluster.with(
      answer: .each { _ in .init(status: 429, headers: [("Retry-After", "1")], text: "slow") }
    ) { cluster in
      async let failed = failure { try await cluster.client.version() }
      for _ in 0..<10 {
        _ = await cluster.clock.nextSleep()
        cluster.clock.advance(by: .seconds(2))
      }
      let error = await failed
      #expect(error?.code == .throttled)
      #expect(await cluster.client.statistics.requests.requestsCompleted == 11)
    }
  }

  @Test func aWriteWhoseConnectionIsCutIsNotSentAgainAndItsOutcomeIsUnknown() async throws {
    try await ScriptedCluster.with { cluster in
      async let failed = failure {
        try await cluster.client.patch(Deployment.self, name: "a", namespace: "n", body: [])
      }
      (await cluster.server.next()).close(abruptly: true)
      let error = await failed
      #expect(error?.isUnreachable == true)
      #expect(error?.transport?.mayHaveReachedServer == true)
    }
  }

  @Test func aReadWhoseConnectionIsCutIsSentAgain() async throws {
    try await ScriptedCluster.with { cluster in
      async let answer = cluster.client.version()
      let first = await cluster.server.next()
      first.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"gitVersion\"")
      first.close()
      #expect(await cluster.clock.nextSleep() == .milliseconds(75))
      cluster.clock.advance(by: .milliseconds(75))
      (await cluster.server.next()).respond(.init(text: #"{"gitVersion":"v1"}"#))
      _ = try await answer
    }
  }

  @Test func nobodyThereIsUnreachableAndNothingWasDone() async throws {
    try await ScriptedCluster.with { cluster in
      await cluster.server.stop()
      async let failed = failure {
        try await cluster.client.patch(Deployment.self, name: "a", namespace: "n", body: [])
      }
      for _ in 0..<3 {
        _ = await cluster.clock.nextSleep()
        cluster.clock.advance(by: .seconds(1))
      }
      let error = await failed
      #expect(error?.code == .unreachable)
      #expect(error?.transport?.mayHaveReachedServer == false)
    }
  }

  @Test(arguments: ["", "{", #"{"metadata":{"name":"a"}}"#, "[]", "null", "<html>"])
  func anAnswerThatIsNotTheWholeObjectIsNone(_ body: String) async throws {
    try await ScriptedCluster.with(answer: .each { _ in .init(text: body) }) { cluster in
      let error = await #expect(throws: KubernetesError.self) {
        try await cluster.client.get(Deployment.self, name: "a", namespace: "n")
      }
      #expect(error?.code == .malformedAnswer)
    }
  }

  // MARK: Credentials

  @Test func aRejectedTokenIsReadAgainOnce() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)")
    try "first\n".write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    var user = ClusterAccess.User()
    user.tokenFile = file.path
    try await ScriptedCluster.with(user: user) { cluster in
      async let failed = failure { try await cluster.client.version() }
      let first = await cluster.server.next()
      #expect(first.request.header("Authorization") == "Bearer first")
      try " second ".write(to: file, atomically: true, encoding: .utf8)
      first.respond(.init(status: 401, text: "Unauthorized"))
      let second = await cluster.server.next()
      #expect(second.request.header("Authorization") == "Bearer second")
      second.respond(.init(status: 401, text: "Unauthorized"))
      let error = await failed
      #expect(error?.code == .unauthorized)
    }
  }

  @Test func aTokenFileIsReadAgainEveryMinuteAndItsLossIsBorne() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)")
    try "first".write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    var user = ClusterAccess.User()
    user.tokenFile = file.path
    try await ScriptedCluster.with(
      user: user, answer: .each { .init(text: #"{"gitVersion":"\#($0.header("Authorization") ?? "")"}"#) }
    ) { cluster in
      #expect(try await cluster.client.version().gitVersion == "Bearer first")
      try "second".write(to: file, atomically: true, encoding: .utf8)
      cluster.clock.advance(by: .seconds(49))
      #expect(try await cluster.client.version().gitVersion == "Bearer first")
      cluster.clock.advance(by: .seconds(1))
      #expect(try await cluster.client.version().gitVersion == "Bearer second")
      try FileManager.default.removeItem(at: file)
      cluster.clock.advance(by: .seconds(60))
      #expect(try await cluster.client.version().gitVersion == "Bearer second")
      try "".write(to: file, atomically: true, encoding: .utf8)
      cluster.clock.advance(by: .seconds(60))
      #expect(try await cluster.client.version().gitVersion == "Bearer second")
    }
  }

  @Test func aMissingTokenFileIsNamed() async throws {
    var user = ClusterAccess.User()
    user.tokenFile = "/nonexistent/token"
    try await ScriptedCluster.with(user: user) { cluster in
      let error = await #expect(throws: KubernetesError.self) { try await cluster.client.version() }
      #expect(error?.code == .credentials)
      #expect(error?.message.contains("/nonexistent/token") == true)
    }
  }

  @Test func aPluginIsRunOnceForManyAndAgainBeforeItsCredentialsExpire() async throws {
    let counter = FileManager.default.temporaryDirectory.appending(path: "plugin-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: counter) }
    let script = #"""
      echo x >> \#(counter.path)
      n=$(wc -l < \#(counter.path))
      echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t'$n'","expirationTimestamp":"1970-01-01T00:17:40Z"}}'
      """#
    var user = ClusterAccess.User()
    user.exec = ExecPlugin(command: "sh", arguments: ["-c", script])
    try await ScriptedCluster.with(
      user: user, answer: .each { .init(text: #"{"gitVersion":"\#($0.header("Authorization") ?? "")"}"#) }
    ) { cluster in
      let client = cluster.client
      let versions = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<10 { group.addTask { try await client.version().gitVersion } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(versions == ["Bearer t1"])
      // The wall clock stands at 1000 s and the token ends at 1060 s: it is renewed ten seconds before.
      cluster.clock.advance(by: .seconds(49))
      #expect(try await client.version().gitVersion == "Bearer t1")
      cluster.clock.advance(by: .seconds(1))
      #expect(try await client.version().gitVersion == "Bearer t2")
    }
  }

  // MARK: Watch

  @Test func watchesWhateverTheChunks() async throws {
    let bytes = try Recorded.watch("r-watch-from-patch-rv", "deployments")
    let lines = try Recorded.lines("r-watch-from-patch-rv", "deployments").count
    for size in [1, 7, 1000, 100_000] {
      try await ScriptedCluster.with { cluster in
        async let opened = cluster.client.watch(
          Deployment.self, namespace: "tr-r", selection: .named("hello"), from: "6223", timeout: .seconds(300))
        let exchange = await cluster.server.next()
        #expect(
          exchange.request.query == [
            "fieldSelector": "metadata.name=hello", "watch": "1", "allowWatchBookmarks": "true",
            "resourceVersion": "6223", "timeoutSeconds": "300",
          ])
        exchange.respondChunked()
        var wire: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
          let part = bytes[start..<min(start + size, bytes.count)]
          wire += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
        }
        exchange.send(wire)
        exchange.endChunks()
        let stream = try await opened
        var versions: [String] = []
        for try await event in stream {
          guard case .modified(let deployment) = event else { continue }
          versions.append(deployment.metadata.resourceVersion)
        }
        #expect(versions.count == lines)
        #expect(versions.first == "6227")
      }
    }
  }

  @Test func aWatchCutInTheMiddleOfAnEventIsNoCleanEnd() async throws {
    for ending in ["cut", "end"] {
      try await ScriptedCluster.with { cluster in
        async let opened = cluster.client.watch(Pod.self, namespace: "n", from: "1", timeout: .seconds(300))
        let exchange = await cluster.server.next()
        exchange.respondChunked()
        exchange.sendChunk(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}"# + "\n{\"type\":")
        if ending == "cut" { exchange.close(abruptly: true) } else { exchange.endChunks() }
        var iterator = try await opened.makeAsyncIterator()
        #expect(try await iterator.next() == .bookmark(.init(resourceVersion: "5")))
        let error = await #expect(throws: KubernetesError.self) { try await iterator.next() }
        #expect(error?.isUnreachable == true)
      }
    }
  }

  @Test func anEventBeyondTheLimitEndsTheWatch() async throws {
    var configuration = KubernetesClientConfiguration()
    configuration.maximumEventSize = 1000
    try await ScriptedCluster.with(configuration: configuration) { cluster in
      async let opened = cluster.client.watch(Pod.self, namespace: "n", from: "1", timeout: .seconds(300))
      let exchange = await cluster.server.next()
      exchange.respondChunked()
      exchange.sendChunk(String(repeating: "x", count: 2000))
      let stream = try await opened
      let error = await #expect(throws: KubernetesError.self) { for try await _ in stream {} }
      #expect(error?.code == .malformedAnswer)
    }
  }

  @Test func lettingGoOfAWatchClosesIt() async throws {
    try await ScriptedCluster.with { cluster in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          _ = try await cluster.client.watch(Pod.self, namespace: "n", from: "1", timeout: .seconds(300))
        }
        let exchange = await cluster.server.next()
        exchange.respondChunked()
        await exchange.closedByClient()
        try await group.waitForAll()
      }
      #expect(await cluster.client.statistics.watches.requestsInFlight == 0)
    }
  }

  @Test func aRefusedWatchIsAnErrorNotAStream() async throws {
    let refused = try Self.recorded("403 nobody may not watch")
    try await ScriptedCluster.with(answer: .each { _ in .init(refused) }) { cluster in
      let error = await #expect(throws: KubernetesError.self) {
        try await cluster.client.watch(Deployment.self, namespace: "n", from: "1", timeout: .seconds(300))
      }
      #expect(error?.code == .forbidden)
    }
  }
}
