import LinuxIO
import TTRPCCore
import Testing

@testable import TTRPC

/// Peers that do not read, or do not finish what they write.
@Suite(.timeLimit(.minutes(1))) struct BackpressureTests {
  private static let feed = ServerCallTests.feed
  private static let echo = ServerCallTests.echo

  /// Opens a stream of `Feed` by hand.
  private static let feedRequest: [UInt8] = {
    let head = RequestHead(service: "test.Service", method: "Feed")
    var envelope = [UInt8](repeating: 0, count: head.sizes(payload: 0).before)
    envelope.withUnsafeMutableBytes { head.writeBefore(payload: 0, to: $0) }
    return FrameEncoder.frame(stream: StreamID(1), type: .request, flags: .remoteClosed, data: envelope)
  }()

  @Test func sendWaitsForAPeerThatDoesNotReadAndGoesOnWhenItDoes() async throws {
    let behind = Gate()
    let method = ServerMethod.serverStream(Self.feed) { _, writer, _ in
      while try await writer.trySend([UInt8](repeating: 1, count: 10_000)) {}
      behind.open()
      for _ in 0..<100 { try await writer.send([UInt8](repeating: 2, count: 10_000)) }
    }
    try await withServer([method, .unary(Self.echo) { request, _ in request }]) { server in
      let client = try await server.rawClient()
      client.setReading(false)
      client.send(Self.feedRequest)
      await behind.wait()
      // Meanwhile others are served.
      let other = try await server.client()
      let reply = try await other.call(Self.echo, [5])
      #expect(reply == [5])
      client.setReading(true)
      var seconds = 0
      while let frame = await client.frame(), frame.flags == 0 { seconds += frame.data.first == 2 ? 1 : 0 }
      #expect(seconds == 100)
    }
  }

  @Test func aPeerThatNeverReadsIsCutOffAndItsHandlersLearnOfIt() async throws {
    let ended = Box<Abandonment?>()
    let method = ServerMethod.serverStream(Self.feed) { _, writer, context in
      do {
        while true { try await writer.send([UInt8](repeating: 1, count: 10_000)) }
      } catch {
        ended.put(context.abandonment)
      }
    }
    var limits = TransportLimits()
    limits.writeStallTimeout = .milliseconds(20)
    try await withServer([method], limits: limits) { server in
      let client = try await server.rawClient()
      client.setReading(false)
      client.send(Self.feedRequest)
      #expect(await ended.get() == .callerLeft)
    }
  }

  @Test func aFrameThatIsNeverFinishedIsCutOff() async throws {
    var limits = TransportLimits()
    limits.frameTimeout = .milliseconds(20)
    try await withServer([.unary(Self.echo) { request, _ in request }], limits: limits) { server in
      for start in [[0, 0], Array(Self.feedRequest.dropLast()), [0, 0x50, 0, 0, 0, 0, 0, 1, 1, 0, 0]] as [[UInt8]] {
        let client = try await server.rawClient()
        client.send(start)
        while await client.frame() != nil {}
      }
      #expect(await server.server.connectionCount == 0)
    }
  }

  /// A frame may take its time, and each peer may begin one: what they hold together is bounded nevertheless.
  @Test func unfinishedFramesOfManyPeersHoldNoMoreThanIsAllowed() async throws {
    var limits = TransportLimits()
    limits.maximumMessageSize = 100_000
    limits.maximumQueuedBytesPerConnection = 256 << 10
    limits.maximumQueuedBytes = 512 << 10
    try await withServer([.unary(Self.echo) { request, _ in request }], limits: limits) { server in
      let whole = FrameEncoder.frame(
        stream: StreamID(3), type: .request, data: [UInt8](repeating: 0, count: 60_000))
      // In one read with a request, whose answer tells that it has come.
      func begin() async throws -> (RawPeer, RawPeer.Frame?) {
        let peer = try await server.rawClient()
        peer.send(Self.echoRequest(1) + whole.prefix(50_000))
        return (peer, await peer.frame())
      }
      var holding: [RawPeer] = []
      for _ in 0..<5 {
        let (peer, answer) = try await begin()
        #expect(answer?.stream == 1)
        holding.append(peer)
      }
      #expect(try await server.loop.call { server.server.receiving.used } == 250_000)
      let (surplus, _) = try await begin()
      while await surplus.frame() != nil {}
      #expect(await server.server.connectionCount == 5)
      // Replies have the other half.
      let client = try await server.client()
      let reply = try await client.call(Self.echo, [7])
      #expect(reply == [7])
      // What was held is given back.
      for peer in holding {
        peer.send(Array(whole.dropFirst(50_000)))
        #expect(await peer.frame()?.stream == 3)
      }
      #expect(try await server.loop.call { server.server.receiving.used } == 0)
    }
  }

  @Test func repliesThatNobodyReadsStopTheReadingOfRequests() async throws {
    var limits = TransportLimits()
    limits.highWaterMark = 10_000
    limits.lowWaterMark = 1_000
    let answered = Box<Int>()
    let count = 1_000
    let method = ServerMethod.unary(Self.echo) { request, _ in [UInt8](repeating: request.first ?? 0, count: 1_000)
    }
    try await withServer([method], limits: limits) { server in
      let client = try await server.rawClient(capacity: 4_096)
      client.setReading(false)
      for number in 0..<count { client.send(Self.echoRequest(UInt32(2 * number + 1))) }
      client.setReading(true)
      let frames = await client.frames(count)
      let expected = (0..<count).map { UInt32(2 * $0 + 1) }
      #expect(frames.map(\.stream) == expected)
      answered.put(frames.count)
    }
  }

  static func echoRequest(_ id: UInt32) -> [UInt8] {
    let head = RequestHead(service: "test.Service", method: "Echo")
    var envelope = [UInt8](repeating: 0, count: head.sizes(payload: 0).before)
    envelope.withUnsafeMutableBytes { head.writeBefore(payload: 0, to: $0) }
    return FrameEncoder.frame(stream: StreamID(id), type: .request, data: envelope)
  }

  @Test func aStreamThatIsReadSlowlyIsWholeAndInOrder() async throws {
    let method = ServerMethod.serverStream(Self.feed) { _, writer, _ in
      for number in 0..<2_000 { try await writer.send([UInt8(number % 251)]) }
    }
    try await withServer([method]) { server in
      var options = ClientOptions()
      options.limits.maximumInboxBytes = 4_096
      let client = try await server.client(options)
      let reader = client.serverStream(Self.feed, [])
      var number = 0
      for try await message in reader {
        #expect(message == [UInt8(number % 251)])
        number += 1
        await Task.yield()
      }
      #expect(number == 2_000)
    }
  }

  @Test func aStreamThatIsNotReadFailsAndTheConnectionGoesOn() async throws {
    let method = ServerMethod.serverStream(Self.feed) { _, writer, _ in
      for _ in 0..<500 { try await writer.send([1]) }
    }
    try await withServer([method, .unary(Self.echo) { request, _ in request }]) { server in
      var options = ClientOptions()
      options.inboxStallTimeout = .milliseconds(20)
      options.limits.maximumInboxBytes = 4_096
      let client = try await server.client(options)
      let reader = client.serverStream(Self.feed, [])
      _ = try await reader.next()
      // The reply waits behind the unread stream until that has failed.
      let reply = try await client.call(Self.echo, [5])
      #expect(reply == [5])
      await expectFailure(.resourceExhausted, nil, .here) { while try await reader.next() != nil {} }
    }
  }
}
