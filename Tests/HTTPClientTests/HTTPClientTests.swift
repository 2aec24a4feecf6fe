import HTTPClient
import RollbackTestKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
  @Test func answersWithStatusHeadersAndBody() async throws {
    try await withLoopback(
      answer: .each { request in
        .init(status: 418, headers: [("X-Echo", request.target), ("X-Echo", "2")], text: "tea")
      }
    ) { client, server in
      let response = try await client.execute(HTTPRequest(.get, server.url("/a/b?c=d")))
      #expect(response.status == 418)
      #expect(response.headers.values("x-echo") == ["/a/b?c=d", "2"])
      #expect(response.body == Array("tea".utf8))
    }
  }

  @Test func sendsMethodHeadersAndBodyAndNothingElse() async throws {
    try await withLoopback { client, server in
      async let response = client.execute(
        HTTPRequest(
          .patch, server.url("/x"), headers: ["Content-Type": "application/json", "X-Empty": ""],
          body: Array("{}".utf8)))
      let exchange = await server.next()
      #expect(exchange.request.method == "PATCH")
      #expect(exchange.request.body == Array("{}".utf8))
      let names = exchange.request.headers.map { $0.name.lowercased() }.sorted()
      #expect(names == ["content-length", "content-type", "host", "x-empty"])
      exchange.respond(.init(text: "ok"))
      let answered = try await response
      #expect(answered.status == 200)
    }
  }

  @Test func reusesItsConnection() async throws {
    try await withLoopback(answer: .each { _ in .init(text: "x") }) { client, server in
      for _ in 0..<20 { _ = try await client.execute(HTTPRequest(.get, server.url("/"))) }
      #expect(await server.connectionsAccepted == 1)
      let statistics = await client.statistics
      #expect(statistics.requestsCompleted == 20)
      #expect(statistics.connectionsOpened == 1)
      #expect(statistics.requestsInFlight == 0)
    }
  }

  @Test func opensANewConnectionWhereTheRequestAsksForIt() async throws {
    try await withLoopback(answer: .each { _ in .init(text: "x") }) { client, server in
      for _ in 0..<3 {
        _ = try await client.execute(HTTPRequest(.get, server.url("/"), requiresNewConnection: true))
      }
      #expect(await server.connectionsAccepted == 3)
    }
  }

  @Test func followsNoRedirect() async throws {
    try await withLoopback(answer: .each { _ in .init(status: 302, headers: [("Location", "/elsewhere")]) }) {
      client, server in
      let response = try await client.execute(HTTPRequest(.get, server.url("/")))
      #expect(response.status == 302)
    }
  }
}
