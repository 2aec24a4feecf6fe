internal import Glibc
internal import LinuxIO
internal import Locking
public import TTRPCCore

/// One end of a connection within this process, for tests: bytes go through memory, everything else is as on a socket.
///
/// Give one end of a pair to ``TTRPCServer/accept(_:)`` and the other to ``TTRPCClient/connect(over:on:options:codec:)``.
///
/// `@unchecked Sendable`: `loop`, `interest`, `onReady` and `isPosted` are touched on the end's own loop only, after
/// `start` has set them; what both ends share is behind the pipes' locks.
public final class MemoryTransport: Transport, @unchecked Sendable {
  private let incoming: MemoryPipe
  private let outgoing: MemoryPipe
  private let identity: PeerIdentity
  private var loop: EventLoop?
  private var interest: Interest = []
  private var onReady: ((Readiness) -> Void)?
  private var isPosted = false

  private init(incoming: MemoryPipe, outgoing: MemoryPipe, identity: PeerIdentity) {
    self.incoming = incoming
    self.outgoing = outgoing
    self.identity = identity
  }

  /// Two ends, connected to each other.
  ///
  /// - Parameters:
  ///   - capacity: bytes that fit between writer and reader, each way.
  ///   - identity: who each end takes the other for.
  public static func pair(
    capacity: Int = 64 << 10, identity: PeerIdentity = PeerIdentity(processID: 1, userID: 0, groupID: 0)
  ) -> (MemoryTransport, MemoryTransport) {
    let one = MemoryPipe(capacity: capacity)
    let other = MemoryPipe(capacity: capacity)
    return (
      MemoryTransport(incoming: one, outgoing: other, identity: identity),
      MemoryTransport(incoming: other, outgoing: one, identity: identity)
    )
  }

  func start(on loop: EventLoop, _ interest: Interest, onReady: @escaping (Readiness) -> Void) {
    self.loop = loop
    self.interest = interest
    self.onReady = onReady
    // From now on either end's doings wake this one.
    let wake = { @Sendable [weak self] in
      guard let self else { return }
      loop.execute { self.look() }
    }
    incoming.observe(reader: wake)
    outgoing.observe(writer: wake)
    post()
  }

  func update(_ interest: Interest) {
    self.interest = interest
    post()
  }

  /// Looks at what is ready in a later turn.
  private func post() {
    guard let loop, !isPosted else { return }
    isPosted = true
    loop.execute { self.look() }
  }

  private func look() {
    isPosted = false
    guard let onReady else { return }
    var readiness: Readiness = []
    if interest.contains(.readable), incoming.isReadable { readiness.insert(.readable) }
    if interest.contains(.writable), outgoing.isWritable { readiness.insert(.writable) }
    if outgoing.isReaderGone { readiness.insert(.hangup) }
    guard !readiness.isEmpty else { return }
    onReady(readiness)
    post()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult { incoming.read(into: buffer) }

  func write(_ buffers: UnsafeBufferPointer<iovec>) -> TransferResult { outgoing.write(buffers) }

  func peer() -> PeerIdentity { identity }

  /// Sends no more, and goes on reading (shutdown(2), `SHUT_WR`).
  func shutdownWriting() { outgoing.closeWriter() }

  func close() {
    onReady = nil
    outgoing.closeWriter()
    incoming.closeReader()
  }
}

/// Bytes on their way from one end to the other.
final class MemoryPipe: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var isWriterGone = false
    var isReaderGone = false
    var wakeReader: (@Sendable () -> Void)?
    var wakeWriter: (@Sendable () -> Void)?
  }

  private let capacity: Int
  private let state = Locked(State())

  init(capacity: Int) { self.capacity = capacity }

  func observe(reader: @escaping @Sendable () -> Void) { state.withLock { $0.wakeReader = reader } }
  func observe(writer: @escaping @Sendable () -> Void) { state.withLock { $0.wakeWriter = writer } }

  var isReadable: Bool { state.withLock { !$0.bytes.isEmpty || $0.isWriterGone } }
  var isWritable: Bool { state.withLock { $0.bytes.count < capacity || $0.isReaderGone } }
  var isReaderGone: Bool { state.withLock { $0.isReaderGone } }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
    let (result, wake) = state.withLock { state -> (TransferResult, (@Sendable () -> Void)?) in
      let count = min(buffer.count, state.bytes.count)
      guard count > 0 else { return (state.isWriterGone ? .closed : .wouldBlock, nil) }
      buffer.copyBytes(from: state.bytes[..<count])
      state.bytes.removeFirst(count)
      return (.bytes(count), state.wakeWriter)
    }
    wake?()
    return result
  }

  func write(_ buffers: UnsafeBufferPointer<iovec>) -> TransferResult {
    let (result, wake) = state.withLock { state -> (TransferResult, (@Sendable () -> Void)?) in
      guard !state.isReaderGone else { return (.closed, nil) }
      var count = 0
      for buffer in buffers {
        let bytes = UnsafeRawBufferPointer(start: buffer.iov_base, count: buffer.iov_len)
        let part = bytes.prefix(capacity - state.bytes.count)
        state.bytes.append(contentsOf: part)
        count += part.count
      }
      return (count > 0 ? .bytes(count) : .wouldBlock, state.wakeReader)
    }
    wake?()
    return result
  }

  func closeWriter() {
    state.withLock { state in
      state.isWriterGone = true
      return state.wakeReader
    }?()
  }

  func closeReader() {
    state.withLock { state in
      state.isReaderGone = true
      state.bytes = []
      return state.wakeWriter
    }?()
  }
}
