import LinuxIO
import TTRPCCore
import Testing

@testable import TTRPC

/// What a server does about one call, in memory.
@Suite(.timeLimit(.minutes(1))) struct ServerCallTests {
  static let echo = RPC<[UInt8], [UInt8]>("test.Service", "Echo", .unary, request: .bytes, reply: .bytes)
  static let feed = RPC<[UInt8], [UInt8]>("test.Service", "Feed", .serverStream, request: .bytes, reply: .bytes)
  static let collect = RPC<[UInt8], [UInt8]>("test.Service", "Collect", .clientStream, request: .bytes, reply: .bytes)

  /// A Request frame for one of them.
  private func request(
    _ id: UInt32, _ method: String = "Echo", _ payload: [UInt8] = [7], timeout: Int64 = 0, flags: Flags = []
  ) -> [UInt8] {
    let head = RequestHead(service: "test.Service", method: method, timeoutNanoseconds: timeout)
    let sizes = head.sizes(payload: payload.count)
    var data = [UInt8](repeating: 0, count: sizes.before + payload.count + sizes.after)
    data.withUnsafeMutableBytes { bytes in
      head.writeBefore(payload: payload.count, to: bytes)
      UnsafeMutableRawBufferPointer(rebasing: bytes[sizes.before...]).copyBytes(from: payload)
      head.writeAfter(to: UnsafeMutableRawBufferPointer(rebasing: bytes[(sizes.before + payload.count)...]))
    }
    return FrameEncoder.frame(stream: StreamID(id), type: .request, flags: flags, data: data)
  }

  private func data(_ id: UInt32, _ bytes: [UInt8] = [], _ flags: Flags = []) -> [UInt8] {
    FrameEncoder.frame(stream: StreamID(id), type: .data, flags: flags, data: bytes)
  }

  private func reply(_ id: UInt32, _ payload: [UInt8]) -> RawPeer.Frame {
    RawPeer.Frame(stream: id, type: 2, flags: 0, data: payload.isEmpty ? [] : [0x12, UInt8(payload.count)] + payload)
  }

  private let answering: [ServerMethod] = [.unary(echo) { request, _ in request }]

  @Test func aHandlerThatDoesNotSuspendAnswersAtOnce() async throws {
    try await withServer([.unary(Self.echo) { request, _ in request + [1] }]) { server in
      let client = try await server.rawClient()
      client.send(request(1) + request(3, "Echo", []))
      #expect(await client.frames(2) == [reply(1, [7, 1]), reply(3, [1])])
    }
  }

  @Test func theErrorOfAHandlerThatDoesNotSuspendIsTold() async throws {
    let method = ServerMethod.unary(Self.echo) { _, _ in throw RPCError(.notFound, "not here") }
    try await withServer([method]) { server in
      let client = try await server.rawClient()
      client.send(request(1))
      #expect(try await client.frame()?.status() == RPCStatus(.notFound, "not here"))
    }
  }

  @Test func theContextTellsWhoCallsWhat() async throws {
    let seen = Box<RequestContext>()
    let method = ServerMethod.unary(Self.echo) { request, context in
      seen.put(context)
      return request
    }
    try await withServer([method]) { server in
      let client = try await server.client()
      _ = try await client.call(Self.echo, [1], CallOptions(timeout: .seconds(60), metadata: ["Token": "abc"]))
      let context = try #require(await seen.get())
      #expect(context.service == "test.Service")
      #expect(context.method == "Echo")
      #expect(context.metadata["token"] == "abc")
      #expect(context.peer == .test)
      let deadline = try #require(context.deadline)
      let remaining = ContinuousClock.now.duration(to: deadline)
      #expect(remaining > .seconds(30))
      #expect(remaining <= .seconds(60))
      #expect(context.abandonment == nil)
    }
  }

  @Test func aPassedDeadlineAnswersAndCancelsTheHandler() async throws {
    let ended = Box<Abandonment?>()
    let method = ServerMethod.unary(Self.echo) { request, context in
      do { try await untilCancelled() } catch { ended.put(context.abandonment) }
      return request
    }
    try await withServer([method]) { server in
      let client = try await server.rawClient()
      client.send(request(1, timeout: 1_000_000))
      #expect(try await client.frame()?.status()?.code == .deadlineExceeded)
      #expect(await ended.get() == .deadlinePassed)
      client.shutdownWriting()
      #expect(await client.frame() == nil, "the handler's late reply is not sent")
    }
  }

  @Test func aNegativeTimeoutIsAnsweredWithoutRunningTheHandler() async throws {
    let method = ServerMethod.unary(Self.echo) { request, _ in
      Issue.record("the handler ran")
      return request
    }
    try await withServer([method]) { server in
      let client = try await server.rawClient()
      client.send(request(1, timeout: -1))
      #expect(try await client.frame()?.status()?.code == .deadlineExceeded)
    }
  }

  /// One such frame ends the process of a Go server.
  @Test func dataForAUnaryCallFailsThatCallOnly() async throws {
    let ended = Box<Abandonment?>()
    let method = ServerMethod.unary(Self.echo) { request, context in
      guard request == [0] else { return request }
      do { try await untilCancelled() } catch { ended.put(context.abandonment) }
      return request
    }
    try await withServer([method]) { server in
      let client = try await server.rawClient()
      client.send(request(1, "Echo", [0]) + data(1, [1, 2]) + request(3))
      let frames = await client.frames(2)
      #expect(try frames.first?.status()?.code == .invalidArgument)
      #expect(frames.last == reply(3, [7]))
      #expect(await ended.get() == .refused)
    }
  }

  @Test func anErrorsReasonAndMetadataTravel() async throws {
    let info = ErrorInfo(reason: "conflict", metadata: ["deploy_id": "d-1", "host": "cp-2"])
    let method = ServerMethod.unary(Self.echo) { _, _ in throw RPCError(.aborted, "d-1 is in progress", info: info) }
    try await withServer([method]) { server in
      let client = try await server.client()
      do throws(RPCError) {
        _ = try await client.call(Self.echo, [])
        Issue.record("it succeeded")
      } catch {
        #expect(error.status == RPCStatus(.aborted, "d-1 is in progress", info: info))
        #expect(error.reason == "conflict")
        #expect(error.status.info?.domain == "rollbackd")
        #expect(error.origin == .peer)
      }
    }
  }

  @Test func otherErrorsAreToldWithoutTheirText() async throws {
    struct Secret: Error {}
    let method = ServerMethod.unary(Self.echo) { _, _ in throw Secret() }
    try await withServer([method]) { server in
      let client = try await server.client()
      await expectFailure(.unknown, "the handler failed", .peer) { try await client.call(Self.echo, []) }
    }
  }

  @Test func aReplyAboveTheLimitBecomesAnErrorAndTheConnectionGoesOn() async throws {
    let method = ServerMethod.unary(Self.echo) { request, _ in
      request.isEmpty ? [UInt8](repeating: 1, count: 4 << 20) : request
    }
    try await withServer([method]) { server in
      let client = try await server.client()
      await expectFailure(.resourceExhausted, nil, .peer) { try await client.call(Self.echo, []) }
      let reply = try await client.call(Self.echo, [5])
      #expect(reply == [5])
    }
  }

  @Test func theLargestReplyThatFitsIsSent() async throws {
    // Four bytes of length and one of tag stand before it in the envelope.
    let size = 4 << 20 - 5
    let method = ServerMethod.unary(Self.echo) { _, _ in [UInt8](repeating: 1, count: size) }
    try await withServer([method]) { server in
      let client = try await server.client()
      let reply = try await client.call(Self.echo, [])
      #expect(reply.count == size)
    }
  }

  @Test func aRequestAboveTheLimitFailsBeforeItIsSent() async throws {
    try await withServer(answering) { server in
      let client = try await server.client()
      await expectFailure(.resourceExhausted, nil, .here) {
        try await client.call(Self.echo, [UInt8](repeating: 1, count: 4 << 20))
      }
      let reply = try await client.call(Self.echo, [5])
      #expect(reply == [5])
    }
  }

  @Test func oversizedDataFailsItsStreamOnly() async throws {
    let ended = Box<Abandonment?>()
    let method = ServerMethod.clientStream(Self.collect) { reader, context in
      do { while try await reader.next() != nil {} } catch { ended.put(context.abandonment) }
      return []
    }
    var limits = TransportLimits()
    limits.maximumMessageSize = 1024
    try await withServer([method] + answering, limits: limits) { server in
      let client = try await server.rawClient()
      client.send(
        request(1, "Collect", [], flags: .remoteOpen) + data(1, [UInt8](repeating: 0, count: 5000)) + request(3))
      let frames = await client.frames(2)
      #expect(try frames.first?.status()?.code == .resourceExhausted)
      #expect(frames.last == reply(3, [7]))
      #expect(await ended.get() == .refused)
    }
  }

  @Test func aStreamThatIsNotProcessedFailsWhenItsInboxIsFull() async throws {
    let method = ServerMethod.clientStream(Self.collect) { _, _ in
      try await untilCancelled()
      return []
    }
    var limits = TransportLimits()
    limits.maximumInboxBytes = 1_000
    try await withServer([method] + answering, limits: limits) { server in
      let client = try await server.rawClient()
      client.send(request(1, "Collect", [], flags: .remoteOpen))
      for _ in 0..<100 { client.send(data(1, [1])) }
      client.send(request(3))
      let frames = await client.frames(2)
      #expect(try frames.first?.status()?.code == .resourceExhausted)
      #expect(frames.last == reply(3, [7]))
    }
  }

  @Test func theInboxesOfAConnectionTogetherHaveALimitToo() async throws {
    let method = ServerMethod.clientStream(Self.collect) { _, _ in
      try await untilCancelled()
      return []
    }
    var limits = TransportLimits()
    limits.highWaterMark = 500
    limits.lowWaterMark = 100
    limits.maximumQueuedBytesPerConnection = 1_000
    try await withServer([method] + answering, limits: limits) { server in
      let client = try await server.rawClient()
      client.send(request(1, "Collect", [], flags: .remoteOpen) + request(3, "Collect", [], flags: .remoteOpen))
      for _ in 0..<8 { client.send(data(1, [1]) + data(3, [1])) }
      let refused = await client.frame()
      #expect(try refused?.status()?.code == .resourceExhausted)
    }
  }

  @Test func aMessageThatCannotBeDecodedFailsItsStream() async throws {
    try await withServer(Deploys.methods) { server in
      let client = try await server.rawClient()
      let head = RequestHead(service: "bench.Deploys", method: "Sum")
      var envelope = [UInt8](repeating: 0, count: head.sizes(payload: 0).before)
      envelope.withUnsafeMutableBytes { head.writeBefore(payload: 0, to: $0) }
      client.send(FrameEncoder.frame(stream: StreamID(1), type: .request, flags: .remoteOpen, data: envelope))
      client.send(data(1, [0x0B]))
      let status = try await client.frame()?.status()
      #expect(status?.code == .invalidArgument)
      #expect(status?.message == "malformed message: bench.Progress.seq is a group")
      #expect(status?.info?.reason == "invalid_argument")
    }
  }

  @Test func oneCallTooManyIsRefused() async throws {
    let gate = Gate()
    let method = ServerMethod.unary(Self.echo) { request, _ in
      await gate.wait()
      return request
    }
    var limits = TransportLimits()
    limits.maximumStreamsPerConnection = 2
    try await withServer([method], limits: limits) { server in
      let client = try await server.rawClient()
      client.send(request(1) + request(3) + request(5))
      let refused = await client.frame()
      #expect(refused?.stream == 5)
      #expect(try refused?.status()?.code == .resourceExhausted)
      gate.open()
      #expect(Set(await client.frames(2).map(\.stream)) == [1, 3])
    }
  }

  @Test func aPeerThatMayNotCallIsToldSoAndTheConnectionEnds() async throws {
    let refusal = RPCStatus(.permissionDenied, "uid 1000 may not call", info: ErrorInfo(reason: "not_permitted"))
    let authorize: TTRPCServer.Authorization = { peer throws(RPCError) in
      if peer.userID == 1000 { throw RPCError(refusal) }
    }
    try await withServer(answering, authorize: authorize) { server in
      let client = try await server.rawClient()
      client.send(request(1))
      #expect(try await client.frame()?.status() == refusal)
      #expect(await client.frame() == nil)
    }
  }

  @Test func anAbsurdLengthEndsTheConnection() async throws {
    try await withServer(answering) { server in
      let client = try await server.rawClient()
      client.send([1, 0, 0, 0, 0, 0, 0, 1, 1, 0])
      #expect(await client.frame() == nil)
      let other = try await server.client()
      let reply = try await other.call(Self.echo, [5])
      #expect(reply == [5])
    }
  }

  @Test func theStatusThatIsSentIsWhatProtobufMakesOfIt() throws {
    let status = RPCStatus(.aborted, "no", info: ErrorInfo(reason: "conflict", metadata: ["k": "v"]))
    let frame = StatusCoder(Deploys.codec).frame(status, for: StreamID(3), maximumLength: 4 << 20)
    let url = Array("type.googleapis.com/google.rpc.ErrorInfo".utf8)
    let info: [UInt8] =
      [0x0A, 8] + Array("conflict".utf8)  // reason
      + [0x12, 9] + Array("rollbackd".utf8)  // domain
      + [0x1A, 6, 0x0A, 1, 0x6B, 0x12, 1, 0x76]  // metadata k: v
    let any: [UInt8] = [0x0A, UInt8(url.count)] + url + [0x12, UInt8(info.count)] + info
    let wire: [UInt8] = [0x08, 10, 0x12, 2, 0x6E, 0x6F, 0x1A, UInt8(any.count)] + any  // code, message, details
    let header: [UInt8] = [0, 0, 0, UInt8(wire.count + 2), 0, 0, 0, 3, 2, 0]
    let expected = header + [0x0A, UInt8(wire.count)] + wire
    #expect(frame == expected)
  }
}
