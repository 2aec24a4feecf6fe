import Foundation
import LinuxIO
import TTRPCCore
import Testing

@testable import TTRPC

/// Server and client over real sockets.
@Suite(.timeLimit(.minutes(1))) struct UnixSocketTests {
  private static let echo = ServerCallTests.echo
  private static let feed = ServerCallTests.feed

  /// A server on a socket of its own, for as long as `body` runs; stopping it is left to `body` or happens after it.
  private func withSocket(
    _ methods: [ServerMethod], limits: TransportLimits = TransportLimits(),
    _ body: @Sendable (ServerHarness, UnixAddress) async throws -> Void
  ) async throws {
    let address = UnixAddress(path: "@ttrpc-test-\(UUID().uuidString)")
    try await withLoop { loop in
      let server = TTRPCServer(on: loop, methods: methods, limits: limits, logger: .silent)
      await server.listen(on: try UnixListener.bind(to: address))
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        try await body(ServerHarness(loop: loop, server: server), address)
        server.shutDown(within: .zero)
        try await group.waitForAll()
      }
    }
  }

  private let answering: [ServerMethod] = [.unary(echo) { request, _ in request }]

  @Test func thePeerIsWhoTheKernelSays() async throws {
    let seen = Box<PeerIdentity>()
    let method = ServerMethod.unary(Self.echo) { request, context in
      seen.put(context.peer)
      return request
    }
    try await withSocket([method]) { server, address in
      let client = try await TTRPCClient.connect(to: address, on: server.loop)
      _ = try await client.call(Self.echo, [])
      let peer = try #require(await seen.get())
      #expect(peer.userID == geteuid())
      #expect(peer.groupID == getegid())
      #expect(peer.processID == getpid())
    }
  }

  @Test func manyCallsAtOnceOnManyConnections() async throws {
    // Every other call is answered only after a later one has come.
    let method = ServerMethod.unary(Self.echo) { request, _ in
      if request.first == 1 { await Task.yield() }
      return request
    }
    try await withSocket([method]) { server, address in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for connection in 0..<8 {
          let client = try await TTRPCClient.connect(to: address, on: server.loop)
          for call in 0..<100 {
            group.addTask {
              let message: [UInt8] = [UInt8(call % 2), UInt8(connection), UInt8(call)]
              let reply = try await client.call(Self.echo, message)
              #expect(reply == message)
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func aClientOnAnotherLoopAndTasksOnThePool() async throws {
    try await withSocket(Deploys.methods) { _, address in
      try await withLoop { loop in
        let client = try await TTRPCClient.connect(to: address, on: loop)
        let (writer, reader) = client.bidirectional(Deploys.chat)
        async let sending: Void = {
          for number: UInt64 in 0..<300 { try await writer.send(Progress(seq: number)) }
          writer.finish()
        }()
        var number: UInt64 = 0
        for try await progress in reader {
          #expect(progress == Progress(seq: number, step: "echo"))
          number += 1
        }
        try await sending
        #expect(number == 300)
      }
    }
  }

  @Test func messagesOfMegabytesPassBothWays() async throws {
    try await withSocket(answering) { server, address in
      let client = try await TTRPCClient.connect(to: address, on: server.loop)
      let message = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let reply = try await client.call(Self.echo, message)
      #expect(reply == message)
    }
  }

  @Test func aHalfClosedPeerStillGetsItsReplies() async throws {
    let gate = Gate()
    let method = ServerMethod.unary(Self.echo) { request, _ in
      await gate.wait()
      return request
    }
    try await withSocket([method]) { server, address in
      let client = try await RawPeer.start(SocketTransport(try .connect(to: address)), on: server.loop)
      let head = RequestHead(service: "test.Service", method: "Echo")
      var envelope = [UInt8](repeating: 0, count: head.sizes(payload: 0).before)
      envelope.withUnsafeMutableBytes { head.writeBefore(payload: 0, to: $0) }
      client.send(FrameEncoder.frame(stream: StreamID(1), type: .request, data: envelope))
      client.shutdownWriting()
      gate.open()
      #expect(await client.frame() == RawPeer.Frame(stream: 1, type: 2, flags: 0, data: []))
      #expect(await client.frame() == nil)
    }
  }

  @Test func aPeerThatIsGoneCancelsItsHandlers() async throws {
    let began = Gate()
    let ended = Box<Abandonment?>()
    let method = ServerMethod.unary(Self.echo) { request, context in
      began.open()
      do { try await untilCancelled() } catch { ended.put(context.abandonment) }
      return request
    }
    try await withSocket([method]) { server, address in
      let client = try await TTRPCClient.connect(to: address, on: server.loop)
      async let call: Void = expectFailure(.unavailable, nil, .connection) { try await client.call(Self.echo, []) }
      await began.wait()
      client.close()
      await call
      #expect(await ended.get() == .callerLeft)
    }
  }

  @Test func aCallGivenUpLeavesTheConnectionUsable() async throws {
    let began = Gate()
    let gate = Gate()
    let method = ServerMethod.unary(Self.echo) { request, _ in
      if request == [0] {
        began.open()
        await gate.wait()
      }
      return request
    }
    try await withSocket([method]) { server, address in
      let client = try await TTRPCClient.connect(to: address, on: server.loop)
      let call = Task { await expectFailure(.cancelled, nil, .here) { try await client.call(Self.echo, [0]) } }
      await began.wait()
      call.cancel()
      await call.value
      await expectFailure(.deadlineExceeded, nil, .here) {
        try await client.call(Self.echo, [0], CallOptions(timeout: .milliseconds(5)))
      }
      gate.open()
      let reply = try await client.call(Self.echo, [5])
      #expect(reply == [5])
    }
  }

  @Test func aTaskThatWasCancelledBeforeCallsNothing() async throws {
    try await withSocket(answering) { server, address in
      let client = try await TTRPCClient.connect(to: address, on: server.loop)
      await withTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask { await expectFailure(.cancelled, nil, .here) { try await client.call(Self.echo, [0]) } }
      }
    }
  }

  @Test func losingTheConnectionFailsEveryCall() async throws {
    let address = UnixAddress(path: "@ttrpc-test-\(UUID().uuidString)")
    let listener = try UnixListener.bind(to: address)
    try await withLoop { loop in
      let client = try await TTRPCClient.connect(to: address, on: loop)
      guard let stream = try listener.accept() else {
        Issue.record("no connection waits")
        return
      }
      let server = try await RawPeer.start(SocketTransport(stream), on: loop)
      let reader = client.serverStream(Self.feed, [])
      async let call: Void = expectFailure(.unavailable, nil, .connection) { try await client.call(Self.echo, []) }
      #expect(await server.frames(2).count == 2)
      server.close()
      await call
      await expectFailure(.unavailable, nil, .connection) { try await reader.next() }
      await client.waitUntilClosed()
      await expectFailure(.unavailable, nil, .unsent) { try await client.call(Self.echo, []) }
    }
  }

  @Test func noServerIsToldApart() async throws {
    try await withLoop { loop in
      do throws(RPCError) {
        _ = try await TTRPCClient.connect(to: UnixAddress(path: "/nonexistent/socket"), on: loop)
        Issue.record("it connected")
      } catch {
        #expect(error.isConnectionLoss)
        #expect((error.cause as? SystemError)?.code == ENOENT)
      }
    }
  }

  @Test func connectionsAboveTheLimitAreRefusedAtOnce() async throws {
    var limits = TransportLimits()
    limits.maximumConnections = 2
    try await withSocket(answering, limits: limits) { server, address in
      let first = try await TTRPCClient.connect(to: address, on: server.loop)
      let second = try await TTRPCClient.connect(to: address, on: server.loop)
      _ = try await first.call(Self.echo, [])
      _ = try await second.call(Self.echo, [])
      let third = try await TTRPCClient.connect(to: address, on: server.loop)
      await expectFailure(.resourceExhausted, "the server has 2 connections, and takes no more", .peer) {
        try await third.call(Self.echo, [])
      }
      await third.waitUntilClosed()
      #expect(await server.server.connectionCount == 2)
      first.close()
      await first.waitUntilClosed()
      // The server hears of it in one of its next turns; what comes before is refused as well.
      var reply: [UInt8]?
      while reply == nil {
        let fourth = try await TTRPCClient.connect(to: address, on: server.loop)
        do { reply = try await fourth.call(Self.echo, [3]) } catch let error as RPCError {
          #expect(error.code == .resourceExhausted)
        }
      }
      #expect(reply == [3])
    }
  }

  @Test func aRefusedPeerThatAsksForNothingIsCutOff() async throws {
    var limits = TransportLimits()
    limits.maximumConnections = 1
    limits.refusalTimeout = .milliseconds(20)
    try await withSocket(answering, limits: limits) { server, address in
      let served = try await TTRPCClient.connect(to: address, on: server.loop)
      _ = try await served.call(Self.echo, [])
      let silent = try await RawPeer.start(SocketTransport(try .connect(to: address)), on: server.loop)
      #expect(await silent.frame() == nil)
      let reply = try await served.call(Self.echo, [1])
      #expect(reply == [1])
    }
  }

  /// In a process of its own, for a limit on descriptors is the process's.
  @Test func withoutDescriptorsAcceptingPausesAndGoesOn() async {
    await #expect(processExitsWith: .success) {
      let address = UnixAddress(path: "@ttrpc-test-\(UUID().uuidString)")
      try await withLoop { loop in
        let method = ServerMethod.unary(ServerCallTests.echo) { request, _ in request }
        let server = TTRPCServer(on: loop, methods: [method], logger: .silent)
        await server.listen(on: try UnixListener.bind(to: address))
        let running = Task { await server.run() }
        let client = try await TTRPCClient.connect(to: address, on: loop)
        _ = try await client.call(ServerCallTests.echo, [])
        // Room for the client's end of one more connection, and none for the server's.
        let free = dup(0)
        close(free)
        setDescriptorLimit(rlim_t(free) + 1)
        let transport = SocketTransport(try UnixStream.connect(to: address))
        _ = try await client.call(ServerCallTests.echo, [])
        setDescriptorLimit(rlim_t(free) + 64)
        let late = try await RawPeer.start(transport, on: loop)
        late.send([0, 0, 0, 0, 0, 0, 0, 1, 1, 0])
        let answer = await late.frame()
        precondition(answer?.stream == 1)
        running.cancel()
        await running.value
      }
    }
  }

  // MARK: Stopping

  @Test func aGracefulEndLetsCallsFinishAndTakesNoMore() async throws {
    let began = Gate()
    let gate = Gate()
    let method = ServerMethod.unary(Self.echo) { request, _ in
      began.open()
      await gate.wait()
      return request
    }
    try await withSocket([method]) { server, address in
      let client = try await TTRPCClient.connect(to: address, on: server.loop)
      async let call = client.call(Self.echo, [1])
      await began.wait()
      server.server.shutDown(within: .seconds(60))
      let refusal = await #expect(throws: RPCError.self) { try await client.call(Self.echo, [2]) }
      #expect(refusal?.status == .notBegun)
      await expectFailure(.unavailable, nil, .unsent) { try await TTRPCClient.connect(to: address, on: server.loop) }
      gate.open()
      let reply = try await call
      #expect(reply == [1])
      await client.waitUntilClosed()
    }
  }

  @Test func afterTheGracePeriodWhatIsLeftIsCancelled() async throws {
    let began = Gate()
    let ended = Box<Abandonment?>()
    let method = ServerMethod.serverStream(Self.feed) { _, writer, context in
      try await writer.send([1])
      began.open()
      do { try await untilCancelled() } catch { ended.put(context.abandonment) }
    }
    try await withSocket([method]) { server, address in
      let client = try await TTRPCClient.connect(to: address, on: server.loop)
      let reader = client.serverStream(Self.feed, [])
      #expect(try await reader.next() != nil)
      await began.wait()
      server.server.shutDown(within: .milliseconds(5))
      await expectGivenUp { try await reader.next() }
      #expect(await ended.get() == .serverStopping)
    }
  }

  @Test func cancellingTheServerEndsEverythingAtOnce() async throws {
    let address = UnixAddress(path: "@ttrpc-test-\(UUID().uuidString)")
    let began = Gate()
    let method = ServerMethod.unary(Self.echo) { request, _ in
      began.open()
      try await untilCancelled()
      return request
    }
    try await withLoop { loop in
      let server = TTRPCServer(on: loop, methods: [method], logger: .silent)
      await server.listen(on: try UnixListener.bind(to: address))
      let running = Task { await server.run() }
      let client = try await TTRPCClient.connect(to: address, on: loop)
      async let call: Void = expectGivenUp { try await client.call(Self.echo, []) }
      await began.wait()
      running.cancel()
      await call
      await running.value
    }
  }
}

/// Whoever reads it must be able to tell it from a call that was not begun.
private func expectGivenUp<Result>(_ body: () async throws -> Result) async {
  let error = await #expect(throws: RPCError.self) { try await body() }
  #expect(error?.origin == .peer)
  #expect(error?.status.code == .unavailable)
  #expect(error?.reason == "outcome_unknown")
}

/// How many descriptors this process may have (setrlimit(2)).
private func setDescriptorLimit(_ count: rlim_t) {
  let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  var limit = rlimit()
  precondition(getrlimit(resource, &limit) == 0)
  limit.rlim_cur = count
  precondition(setrlimit(resource, &limit) == 0)
}
