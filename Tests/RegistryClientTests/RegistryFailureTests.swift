import RollbackTestKit
import Testing

@testable import RegistryClient

/// A registry that does not answer as it should.
@Suite(.timeLimit(.minutes(1))) struct RegistryFailureTests {
  private static let found = FoundManifest(digest: HarborAnswers.digest, mediaType: "m")
  private static let present = ScriptedHTTPServer.Answer(headers: [
    ("Docker-Content-Digest", HarborAnswers.digest), ("Content-Type", "m"),
  ])

  /// Head and no body, for HEAD.
  private static let head =
    "HTTP/1.1 200 OK\r\nContent-Type: m\r\nDocker-Content-Digest: \(HarborAnswers.digest)\r\n\r\n"

  @Test func `one that is silent costs the timeout and no more, and is asked anew on a new connection`() async throws {
    try await withScriptedRegistry(timeout: .milliseconds(300)) { client, server in
      let began = ContinuousClock.now
      #expect(await client.ask(hello()) == .unknown("127.0.0.1:\(server.port): no answer within 0.3 s"))
      let took = began.duration(to: .now)
      #expect(took >= .milliseconds(290) && took < .seconds(2), "\(took)")
      let silent = await server.next()
      async let second = client.ask(hello())
      let exchange = await server.next()
      #expect(exchange.connection != silent.connection)
      exchange.send(Self.head)
      #expect(await second == .present(Self.found))
    }
  }

  @Test func `how long it was waited for is what the question had, not the configured time`() async throws {
    try await withScriptedRegistry(timeout: .seconds(30)) { client, _ in
      guard case .unreachable(let why) = await client.reachability(within: .milliseconds(200)).first?.state else {
        Issue.record("it answered")
        return
      }
      #expect(why == "no answer within 0.2 s")
    }
  }

  @Test func `asked to wait a moment, it waits and asks once more`() async throws {
    let clock = ManualClock()
    try await withScriptedRegistry(timeout: .seconds(30), clock: clock) { client, server in
      async let verdict = client.ask(hello())
      await server.next().respond(.init(status: 429, headers: [("Retry-After", "2")]))
      #expect(await clock.nextSleep() == .seconds(2))
      clock.advance(by: .seconds(2))
      await server.next().send(Self.head)
      #expect(await verdict == .present(Self.found))
    }
  }

  @Test(arguments: [("30", 429), ("Wed, 25 Nov 2026 22:00:00 GMT", 429), ("4000", 503)])
  func `asked to wait longer than there is time, nothing is known`(after: String, status: Int) async throws {
    try await withScriptedRegistry(
      clock: ManualClock(), answer: .each { _ in .init(status: status, headers: [("Retry-After", after)]) }
    ) { client, server in
      guard case .unknown(let why) = await client.ask(hello()) else { return #expect(Bool(false)) }
      #expect(why.hasPrefix("127.0.0.1:\(server.port): it "))
      #expect(await server.connectionsAccepted == 1)
    }
  }

  @Test func `one that is not there is said so at once`() async throws {
    try await withScriptedRegistry { client, server in
      await server.stop()
      guard case .unknown(let why) = await client.ask(hello()) else { return #expect(Bool(false)) }
      #expect(why.contains("127.0.0.1:\(server.port): "))
      guard case .unreachable = await client.reachability(within: .seconds(3)).first?.state else {
        return #expect(Bool(false))
      }
    }
  }

  @Test func `a token service that fails is no refusal`() async throws {
    try await withScriptedRegistry(
      credentials: .init(name: "r", password: "p"),
      answer: .each { request in
        request.target.hasPrefix("/service/token")
          ? .init(status: 500, text: "oops") : HarborAnswers.challenge("http://\(request.header("Host") ?? "")")
      }
    ) { client, server in
      #expect(
        await client.ask(hello()) == .unknown("127.0.0.1:\(server.port): its token service answers 500"))
    }
  }

  @Test func `a realm on another host gets nothing`() async throws {
    try await withScriptedRegistry(
      credentials: .init(name: "r", password: "p"),
      answer: .each { _ in HarborAnswers.challenge("http://localhost:1") }
    ) { client, _ in
      guard case .unauthorized(let why) = await client.ask(hello()) else { return #expect(Bool(false)) }
      #expect(why.contains("on another host, localhost:1"))
    }
  }

  @Test func `an image of no mapped registry is not asked about`() async throws {
    try await withScriptedRegistry { client, server in
      #expect(
        await client.ask(ManifestQuestion(repository: "elsewhere/hello", tag: "v1", digest: nil)) == .notMapped)
      #expect(await server.connectionsAccepted == 0)
    }
  }
}
