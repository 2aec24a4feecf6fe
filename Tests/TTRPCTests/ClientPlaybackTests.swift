import LinuxIO
import TTRPCCore
import Testing

@testable import TTRPC

/// Every exchange that was recorded with Go's client: ours must send the same bytes, and make the like of the answers.
@Suite(.timeLimit(.minutes(1))) struct ClientPlaybackTests {
  private let listing = ListResponse(deployments: [Deploys.deployment(of: "hello")])

  @Test func unary() async throws {
    try await play("unary") { client in
      for _ in 0..<2 {
        let reply = try await client.call(Deploys.list, ListRequest(appID: "hello", limit: 20))
        #expect(reply == listing)
      }
    }
  }

  @Test func emptyResponse() async throws {
    try await play("unary-empty-response") { client in
      let reply = try await client.call(Deploys.list, ListRequest(appID: "empty", limit: 20))
      #expect(reply == ListResponse())
    }
  }

  @Test func metadata() async throws {
    try await play("unary-metadata") { client in
      let options = CallOptions(metadata: ["Request-ID": "abc", "roles": "read", "roles": "write"])
      let reply = try await client.call(Deploys.list, ListRequest(appID: "metadata", limit: 20), options)
      #expect(reply.deployments.map(\.id) == ["request-id=abc;roles=read,write"])
    }
  }

  @Test func deadline() async throws {
    try await play("unary-deadline") { client in
      let options = CallOptions(timeout: .nanoseconds(299_932_854))
      await expectFailure(.deadlineExceeded) {
        try await client.call(Deploys.list, ListRequest(appID: "slow", limit: 20), options)
      }
      let reply = try await client.call(Deploys.list, ListRequest(appID: "hello", limit: 20))
      #expect(reply == listing)
    }
  }

  struct Failure: Sendable {
    let name: String
    let appID: String
    let code: StatusCode
    let message: String
  }

  static let failures = [
    Failure(name: "unary-status", appID: "missing", code: .notFound, message: "app missing not found"),
    Failure(name: "unary-plain-error", appID: "plain-error", code: .failedPrecondition, message: "unexpected EOF"),
  ]

  @Test(arguments: failures) func errors(_ failure: Failure) async throws {
    try await play(failure.name) { client in
      await expectFailure(failure.code, failure.message, .peer) {
        try await client.call(Deploys.list, ListRequest(appID: failure.appID, limit: 20))
      }
    }
  }

  @Test func unknownMethod() async throws {
    let nope = RPC<ListRequest, ListResponse>(
      "bench.Deploys", "Nope", .unary, request: Deploys.list.request, reply: Deploys.list.reply)
    try await play("unknown-method") { client in
      await expectFailure(.unimplemented, "method Nope", .peer) {
        try await client.call(nope, ListRequest(appID: "hello", limit: 20))
      }
    }
  }

  @Test func unknownService() async throws {
    let nope = RPC<ListRequest, ListResponse>(
      "bench.Nope", "List", .unary, request: Deploys.list.request, reply: Deploys.list.reply)
    try await play("unknown-service") { client in
      await expectFailure(.unimplemented, "service bench.Nope", .peer) { try await client.call(nope, ListRequest()) }
    }
  }

  private func steps(_ count: UInt32) -> [Progress] {
    (0..<count).map { Progress(seq: UInt64($0), percent: $0, step: "step") }
  }

  @Test(arguments: [("server-stream", 3), ("server-stream-none", 0)] as [(String, UInt32)])
  func serverStream(_ name: String, _ count: UInt32) async throws {
    try await play(name) { client in
      let reader = client.serverStream(Deploys.watch, WatchRequest(count: count))
      var messages: [Progress] = []
      for try await message in reader { messages.append(message) }
      #expect(messages == steps(count))
      let next = try await reader.next()
      #expect(next == nil)
    }
  }

  @Test func serverStreamThatFails() async throws {
    try await play("server-stream-error") { client in
      let reader = client.serverStream(Deploys.watch, WatchRequest(count: 3, flushEach: true))
      for step in steps(3) {
        let next = try await reader.next()
        #expect(next == step)
      }
      await expectFailure(.aborted, "aborted after the messages", .peer) { try await reader.next() }
    }
  }

  @Test func clientStream() async throws {
    try await play("client-stream") { client in
      let call = client.clientStream(Deploys.sum)
      for number: UInt64 in 1...3 { try await call.writer.send(Progress(seq: number)) }
      call.writer.finish()
      let reply = try await call.reply()
      #expect(reply == Progress(seq: 6, step: "sum"))
    }
  }

  @Test func bidirectional() async throws {
    try await play("bidi") { client in
      let (writer, reader) = client.bidirectional(Deploys.chat)
      for number: UInt64 in 0...2 {
        try await writer.send(Progress(seq: number))
        let next = try await reader.next()
        #expect(next == Progress(seq: number, step: "echo"))
      }
      writer.finish()
      let next = try await reader.next()
      #expect(next == nil)
    }
  }

  @Test func aCallWhileAStreamIsOpen() async throws {
    try await play("interleaved") { client in
      let reader = client.serverStream(Deploys.watch, WatchRequest(count: 2))
      let reply = try await client.call(Deploys.list, ListRequest(appID: "hello", limit: 20))
      #expect(reply == listing)
      for step in steps(2) {
        let next = try await reader.next()
        #expect(next == step)
      }
      let next = try await reader.next()
      #expect(next == nil)
    }
  }

  /// Runs `calls` against a server that expects each recorded frame of the client and then sends the recorded answers.
  private func play(_ name: String, _ calls: @Sendable (TTRPCClient) async throws -> Void) async throws {
    let recording = try Recording(name)
    try await withLoop { loop in
      let (mine, clients) = MemoryTransport.pair()
      let server = try await RawPeer.start(mine, on: loop)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for line in recording.lines {
            guard case .frame(let frame, let bytes) = line.what else { continue }
            if line.isFromClient { #expect(await server.frame() == frame) } else { server.send(bytes) }
          }
        }
        let client = try await TTRPCClient.connect(over: clients, on: loop)
        try await calls(client)
        try await group.waitForAll()
        client.close()
        #expect(await server.frame() == nil, "the client sends nothing else")
      }
    }
  }
}

/// Expects an ``RPCError`` with these properties; nil stands for any.
func expectFailure<Result>(
  _ code: StatusCode, _ message: String? = nil, _ origin: RPCError.Origin? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Result
) async {
  do {
    let result = try await body()
    Issue.record("returned \(result)", sourceLocation: sourceLocation)
  } catch let error as RPCError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    if let message { #expect(error.message == message, sourceLocation: sourceLocation) }
    if let origin { #expect(error.origin == origin, sourceLocation: sourceLocation) }
  } catch {
    Issue.record("threw \(error)", sourceLocation: sourceLocation)
  }
}
