import LinuxIO
import TTRPCCore
import Testing

@testable import TTRPC

/// Cancellations that come before what they cancel, and servers that are stopped before they run.
@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
  private static let feed = ServerCallTests.feed
  private static let silent = ServerMethod.serverStream(feed) { _, writer, _ in
    try await writer.send([1])
    try await untilCancelled()
  }

  @Test func aReaderThatIsCancelledBeforeItsWaitBeginsDoesNotWait() async throws {
    try await withServer([Self.silent]) { server in
      let client = try await server.client()
      let reader = client.serverStream(Self.feed, [])
      let first = try await reader.next()
      #expect(first == [1])
      await withTaskGroup(of: Void.self) { group in
        group.cancelAll()
        group.addTask { await expectFailure(.cancelled, nil, .here) { _ = try await reader.next() } }
      }
    }
  }

  @Test func aCancellationEndsItsOwnWaitAndNoOther() async throws {
    try await withLoop { loop in
      let inbox = Inbox<[UInt8]>(.bytes, capacity: 1000)
      let (first, second) = (inbox.newWait(), inbox.newWait())
      let answers: [Result<[UInt8]?, RPCError>] = await withTaskGroup { group in
        // The first wait is cancelled before it begins, and once more when the second has begun.
        let one = await withUnsafeContinuation { continuation in
          loop.execute {
            inbox.cancel(wait: first)
            inbox.take(continuation, wait: first)
          }
        }
        group.addTask {
          await withUnsafeContinuation { continuation in
            loop.execute {
              inbox.take(continuation, wait: second)
              inbox.cancel(wait: first)
              [UInt8]([7]).withUnsafeBytes { try? inbox.receive($0) }
            }
          }
        }
        return await group.reduce(into: [one]) { $0.append($1) }
      }
      #expect(answers.count == 2)
      #expect(throws: RPCError.self) { try answers[0].get() }
      let message = try answers[1].get()
      #expect(message == [7])
    }
  }

  @Test func aServerThatIsShutDownBeforeItRunsEndsItsConnections() async throws {
    try await withLoop { loop in
      let server = TTRPCServer(on: loop, methods: [Self.silent], logger: .silent)
      let (mine, servers) = MemoryTransport.pair(identity: .test)
      await server.accept(servers)
      let client = try await TTRPCClient.connect(over: mine, on: loop)
      let reader = client.serverStream(Self.feed, [])
      let first = try await reader.next()
      #expect(first == [1])
      server.shutDown(within: .seconds(60))
      await server.run()
      #expect(await server.connectionCount == 0)
      await expectFailure(.unavailable) { _ = try await reader.next() }
    }
  }
}
