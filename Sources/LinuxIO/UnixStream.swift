internal import CLinux
public import Glibc

/// What a non-blocking read or write came to.
public enum TransferResult: Sendable, Hashable {
  /// So many bytes moved; at least one.
  case bytes(Int)
  /// Nothing now: wait for readiness.
  case wouldBlock
  /// The peer has closed its sending half, or, on a write, its receiving one.
  case closed
}

/// A connected Unix stream socket, non-blocking, closed when it ends.
///
/// Confined to one loop; it neither reads nor writes by itself.
public struct UnixStream: ~Copyable {
  /// For ``EventLoop/watch(_:for:onReady:)``; cancel the watch before the stream ends.
  public var descriptor: Int32 { file.rawValue }
  private let file: FileDescriptor

  /// Adopts a connected socket, which must be non-blocking.
  public init(adopting file: consuming FileDescriptor) {
    self.file = file
  }

  /// Connects to a listening socket. A Unix connect is immediate: it succeeds, or fails at once.
  ///
  /// - Throws: `ENOENT` (no such socket), `ECONNREFUSED` (nobody listens), `EACCES` (its permissions forbid it),
  ///   `EAGAIN` (its backlog is full; connect(2)).
  public static func connect(to address: UnixAddress) throws(SystemError) -> UnixStream {
    let socket = clinux_unix_socket()
    guard socket >= 0 else { throw .last("socket") }
    let file = FileDescriptor(adopting: socket)
    guard address.withBytes({ clinux_connect(socket, $0, $1) }) == 0 else { throw .last("connect \(address)") }
    return UnixStream(adopting: file)
  }

  /// Two descriptors of this process that are connected to each other, each for a stream to adopt.
  public static func pair() throws(SystemError) -> (FileDescriptorBox, FileDescriptorBox) {
    var descriptors: [Int32] = [-1, -1]
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    guard socketpair(AF_UNIX, flags, 0, &descriptors) == 0 else { throw .last("socketpair") }
    return (
      FileDescriptorBox(FileDescriptor(adopting: descriptors[0])),
      FileDescriptorBox(FileDescriptor(adopting: descriptors[1]))
    )
  }

  /// Reads at most `buffer.count` bytes.
  public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> TransferResult {
    while true {
      let count = Glibc.read(file.rawValue, buffer.baseAddress, buffer.count)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .closed }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      case ECONNRESET: return .closed
      default: throw .last("read from socket")
      }
    }
  }

  /// Writes what the socket takes of `buffer`. Never raises SIGPIPE (send(2), `MSG_NOSIGNAL`).
  public borrowing func write(_ buffer: UnsafeRawBufferPointer) throws(SystemError) -> TransferResult {
    while true {
      let count = Glibc.send(file.rawValue, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      if let result = try Self.writeFailure() { return result }
    }
  }

  /// Writes what the socket takes of several buffers in one call (sendmsg(2)); at most 1,024 of them (`IOV_MAX`).
  public borrowing func write(gathering buffers: UnsafeBufferPointer<iovec>) throws(SystemError) -> TransferResult {
    var message = msghdr()
    message.msg_iov = UnsafeMutablePointer(mutating: buffers.baseAddress)
    message.msg_iovlen = min(buffers.count, 1024)
    while true {
      let count = sendmsg(file.rawValue, &message, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      if let result = try Self.writeFailure() { return result }
    }
  }

  private static func writeFailure() throws(SystemError) -> TransferResult? {
    switch errno {
    case EINTR: return nil
    case EAGAIN: return .wouldBlock
    case EPIPE, ECONNRESET: return .closed
    default: throw .last("write to socket")
    }
  }

  /// Who connected, as the kernel saw it at connect(2).
  public borrowing func peerCredentials() throws(SystemError) -> PeerCredentials {
    try PeerCredentials(ofPeerOn: file.rawValue)
  }

  /// Tells the peer that no more bytes come (shutdown(2), `SHUT_WR`).
  public borrowing func shutdownWriting() {
    // It fails only when the peer is gone, which is what it would tell it.
    _ = shutdown(file.rawValue, Int32(SHUT_WR))
  }
}
