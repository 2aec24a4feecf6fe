internal import Glibc
internal import LinuxIO
internal import TTRPCCore

/// A Unix stream socket as a transport.
///
/// `@unchecked Sendable`: made on any thread, then handed to one loop, on which everything else happens.
final class SocketTransport: Transport, @unchecked Sendable {
  private var stream: UnixStream?
  private var watch: Watch?

  init(_ stream: consuming UnixStream) { self.stream = consume stream }

  func start(on loop: EventLoop, _ interest: Interest, onReady: @escaping (Readiness) -> Void) throws(SystemError) {
    guard let descriptor = stream?.descriptor else { return }
    watch = try loop.watch(descriptor, for: interest, onReady: onReady)
  }

  func update(_ interest: Interest) { watch?.update(interest) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> TransferResult {
    try stream?.read(into: buffer) ?? .closed
  }

  func write(_ buffers: UnsafeBufferPointer<iovec>) throws(SystemError) -> TransferResult {
    try stream?.write(gathering: buffers) ?? .closed
  }

  func peer() throws(SystemError) -> PeerIdentity {
    guard let credentials = try stream?.peerCredentials() else {
      throw SystemError(operation: "getsockopt SO_PEERCRED", code: ENOTCONN)
    }
    return PeerIdentity(
      processID: credentials.processID, userID: credentials.userID, groupID: credentials.groupID,
      groups: credentials.supplementaryGroupIDs)
  }

  /// Sends no more, and goes on reading (shutdown(2), `SHUT_WR`). No client does it to us, and tests do.
  func shutdownWriting() { stream?.shutdownWriting() }

  func close() {
    // The watch borrows the descriptor, so it goes first.
    watch?.cancel()
    watch = nil
    stream = nil
  }
}
