import Foundation
import LinuxIO
import Logging
import TTRPCCore

@testable import TTRPC

/// A server that runs for as long as a test's body, on a loop of its own, and the ways to reach it.
struct ServerHarness: Sendable {
  let loop: EventLoop
  let server: TTRPCServer

  /// A client that sends what bytes it likes.
  func rawClient(capacity: Int = 64 << 10) async throws -> RawPeer {
    let (mine, servers) = MemoryTransport.pair(capacity: capacity, identity: .test)
    await server.accept(servers)
    return try await RawPeer.start(mine, on: loop)
  }

  func client(_ options: ClientOptions = ClientOptions()) async throws -> TTRPCClient {
    let (mine, servers) = MemoryTransport.pair(identity: .test)
    await server.accept(servers)
    return try await TTRPCClient.connect(over: mine, on: loop, options: options)
  }
}

extension PeerIdentity {
  static let test = PeerIdentity(processID: 42, userID: 1000, groupID: 100, groups: [100, 27])
}

func withServer<Result: Sendable>(
  _ methods: [ServerMethod], limits: TransportLimits = TransportLimits(),
  authorize: @escaping TTRPCServer.Authorization = { _ in },
  _ body: @Sendable (ServerHarness) async throws -> Result
) async throws -> Result {
  try await withLoop { loop in
    let server = TTRPCServer(on: loop, methods: methods, limits: limits, logger: .silent, authorize: authorize)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await server.run() }
      let result = try await body(ServerHarness(loop: loop, server: server))
      server.shutDown(within: .zero)
      try await group.waitForAll()
      return result
    }
  }
}

/// Stops a loop, and waits until its thread has ended.
private func end(_ loop: EventLoop) async {
  loop.stop()
  await withCheckedContinuation { continuation in
    Thread.detachNewThread {
      loop.join()
      continuation.resume()
    }
  }
}

/// A loop that ends with the body.
func withLoop<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
  let loop = try EventLoop.start(label: "test")
  do {
    let result = try await body(loop)
    await end(loop)
    return result
  } catch {
    await end(loop)
    throw error
  }
}

extension Logger {
  /// A logger that says nothing.
  static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
