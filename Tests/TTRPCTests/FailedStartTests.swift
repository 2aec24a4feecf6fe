import Glibc
import LinuxIO
import ProtobufC
import TTRPCCore
import Testing

@testable import TTRPC

/// A transport that cannot be watched, as where epoll(7) is out of memory.
private final class BrokenTransport: Transport {
  func start(on loop: EventLoop, _ interest: Interest, onReady: @escaping (Readiness) -> Void) throws(SystemError) {
    throw SystemError(operation: "epoll_ctl", code: ENOMEM)
  }

  func update(_ interest: Interest) {}
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> TransferResult { .wouldBlock }
  func write(_ buffers: UnsafeBufferPointer<iovec>) throws(SystemError) -> TransferResult { .wouldBlock }
  func peer() throws(SystemError) -> PeerIdentity { .test }
  func close() {}
}

@Suite struct FailedStartTests {
  @Test func aServersConnectionThatCannotBeStartedIsLetGoOf() async throws {
    try await withServer([]) { server in
      let isLeft = try await server.loop.call {
        weak var left: BrokenTransport?
        do {
          let transport = BrokenTransport()
          left = transport
          server.server.begin(transport)
        }
        return left != nil
      }
      #expect(!isLeft)
      #expect(await server.server.connectionCount == 0)
    }
  }

  @Test func aClientsConnectionThatCannotBeStartedIsLetGoOf() async throws {
    try await withLoop { loop in
      let isLeft = try await loop.call {
        weak var left: ClientConnection?
        do {
          let connection = ClientConnection(on: loop, options: ClientOptions(), codec: ProtobufCodec())
          left = connection
          try? connection.start(BrokenTransport())
        }
        return left != nil
      }
      #expect(!isLeft)
    }
  }
}
