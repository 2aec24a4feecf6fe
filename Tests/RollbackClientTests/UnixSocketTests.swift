import Foundation
import LinuxIO
import Logging
import RollbackMessages
import TTRPC
import Testing

@testable import RollbackClient

@Suite("A client on a Unix socket")
struct UnixSocketTests {
  @Test("connects, calls, and closes when its body ends")
  func wholeWay() async throws {
    try await withDirectory { directory in
      let path = "\(directory)/rollbackd.sock"
      let loop = try EventLoop.start(label: "test")
      defer {
        loop.stop()
        loop.join()
      }
      let methods = [
        Served.health { GetHealthResponse(version: "1.2.3") },
        Served.rollback { _, writer in for frame in Story.frames(20) { try await writer.send(frame) } },
      ]
      let server = TTRPCServer(
        on: loop, methods: methods, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      await server.listen(on: try UnixListener.bind(to: UnixAddress(path: path)))
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        defer { server.shutDown(within: .zero) }
        let escaped = try await RollbackClient.withClient(.init(socketPath: path)) { client in
          let health = try await client.health()
          #expect(health.version == "1.2.3")
          let frames = try await Array(client.rollback(RollbackRequest(app: "hello")))
          #expect(frames == Story.frames(20))
          return client
        }
        let failure = await error { () async throws(RollbackError) in _ = try await escaped.health() }
        #expect(failure?.reason == .connectionLost)
        await #expect(throws: Oops.self) {
          try await RollbackClient.withClient(.init(socketPath: path)) { _ in throw Oops() }
        }
      }
    }
  }

  private struct Oops: Error {}

  @Test("says that there is no socket")
  func missing() async throws {
    try await withDirectory { directory in
      let failure = await unreachable("\(directory)/none.sock")
      #expect(failure?.details["errno"] == "ENOENT")
    }
  }

  @Test("says that nobody listens")
  func refused() async throws {
    try await withDirectory { directory in
      let path = "\(directory)/dead.sock"
      // A file that is no socket is refused like a socket that nobody listens on (connect(2)).
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
      let failure = await unreachable(path)
      #expect(failure?.details["errno"] == "ECONNREFUSED")
    }
  }

  @Test("says that the socket's permissions forbid it", .enabled(if: geteuid() != 0, "root may connect to any socket"))
  func forbidden() async throws {
    try await withDirectory { directory in
      let path = "\(directory)/closed.sock"
      let listener = try UnixListener.bind(to: UnixAddress(path: path), mode: 0)
      let failure = await unreachable(path)
      #expect(failure?.details["errno"] == "EACCES")
      _ = listener.descriptor
    }
  }

  @Test(
    "refuses a configuration that cannot be meant",
    arguments: [
      ("", "socketPath is empty"), ("a\0b", "socketPath holds U+0000"),
      (String(repeating: "x", count: 108), "socketPath is longer than 107 bytes"),
    ])
  func configuration(_ path: String, _ problem: String) async {
    do {
      try await RollbackClient.withClient(.init(socketPath: path)) { _ in _ = Issue.record("connected") }
    } catch let error as RollbackError {
      #expect(error.reason == .invalidArgument)
      #expect(error.message.hasPrefix(problem))
    } catch {
      Issue.record("\(error)")
    }
  }

  private func unreachable(_ path: String) async -> RollbackError? {
    do {
      try await RollbackClient.withClient(.init(socketPath: path)) { _ in _ = Issue.record("connected") }
      return nil
    } catch let error as RollbackError {
      #expect(error.reason == .daemonUnreachable)
      #expect(error.details["socket"] == path)
      return error
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }
}

/// A directory of its own for as long as the body.
private func withDirectory(_ body: (String) async throws -> Void) async throws {
  let directory = FileManager.default.temporaryDirectory.appending(path: "rollback-client-\(UUIDText.random())").path
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  try await body(directory)
}
