import LinuxIO
import TTRPCCore

@testable import TTRPC

/// A peer that sends and receives bytes, whole frames or not, on a loop of the test.
///
/// `@unchecked Sendable`: everything that changes is touched on the loop only.
final class RawPeer: @unchecked Sendable {
  struct Frame: Equatable, Sendable, CustomStringConvertible {
    var stream: UInt32
    var type: UInt8
    var flags: UInt8
    var data: [UInt8]

    var description: String {
      "stream \(stream) type \(type) flags \(flags) [\(data.map { String($0, radix: 16) }.joined(separator: " "))]"
    }
  }

  private let loop: EventLoop
  private let transport: any Transport
  private var received: [UInt8] = []
  private var toSend: [UInt8] = []
  private var isAtEnd = false
  private var isReading = true
  private var waiters: [() -> Bool] = []

  private init(_ transport: any Transport, on loop: EventLoop) {
    self.transport = transport
    self.loop = loop
  }

  static func start(_ transport: any Transport & Sendable, on loop: EventLoop) async throws -> RawPeer {
    let peer = RawPeer(transport, on: loop)
    try await loop.call { try transport.start(on: loop, .readable) { peer.onReady($0) } }
    return peer
  }

  private var interest: Interest {
    var interest: Interest = isReading && !isAtEnd ? .readable : []
    if !toSend.isEmpty { interest.insert(.writable) }
    return interest
  }

  private func onReady(_ readiness: Readiness) {
    if readiness.contains(.writable) { flush() }
    if readiness.contains(.readable), !isAtEnd { read() }
    if readiness.contains(.hangup), !interest.contains(.readable), toSend.isEmpty { transport.close() }
    waiters.removeAll { $0() }
  }

  private func read() {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    do {
      switch try buffer.withUnsafeMutableBytes({ try transport.read(into: $0) }) {
      case .bytes(let count): received.append(contentsOf: buffer[..<count])
      case .closed: isAtEnd = true
      case .wouldBlock: break
      }
    } catch {
      isAtEnd = true
    }
    transport.update(interest)
  }

  private func flush() {
    while !toSend.isEmpty {
      let queue = SendQueue(pool: BufferPool())
      queue.reserve(toSend.count).copyBytes(from: toSend)
      guard case .bytes(let count)? = queue.withGathered({ try? transport.write($0) }) else { break }
      toSend.removeFirst(count)
    }
    transport.update(interest)
  }

  /// Sends bytes, as fast as the other side takes them.
  func send(_ bytes: [UInt8]) {
    loop.execute {
      self.toSend += bytes
      self.flush()
    }
  }

  /// Sends no more.
  func shutdownWriting() {
    loop.execute {
      switch self.transport {
      case let transport as MemoryTransport: transport.shutdownWriting()
      case let transport as SocketTransport: transport.shutdownWriting()
      default: self.transport.close()
      }
    }
  }

  func close() {
    loop.execute { self.transport.close() }
  }

  /// Stops, or goes on, to read.
  func setReading(_ isReading: Bool) {
    loop.execute {
      self.isReading = isReading
      self.transport.update(self.interest)
    }
  }

  /// The next frame, or nil at the end of what the other side sends.
  func frame() async -> Frame? {
    await withUnsafeContinuation { continuation in
      loop.execute {
        let attempt = {
          guard let frame = self.takeFrame() else {
            if self.isAtEnd { continuation.resume(returning: nil) }
            return self.isAtEnd
          }
          continuation.resume(returning: frame)
          return true
        }
        if !attempt() { self.waiters.append(attempt) }
      }
    }
  }

  func frames(_ count: Int) async -> [Frame] {
    var frames: [Frame] = []
    while frames.count < count, let frame = await frame() { frames.append(frame) }
    return frames
  }

  private func takeFrame() -> Frame? {
    guard received.count >= FrameHeader.size else { return nil }
    let header = received.withUnsafeBytes { FrameHeader($0) }
    let end = FrameHeader.size + Int(header.length)
    guard received.count >= end else { return nil }
    defer { received.removeFirst(end) }
    return Frame(
      stream: header.stream.rawValue, type: header.type.rawValue, flags: header.flags.rawValue,
      data: Array(received[FrameHeader.size..<end]))
  }
}
