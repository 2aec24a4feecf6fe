internal import CLinux
internal import Glibc

/// A listening Unix stream socket, non-blocking.
///
/// One that it made itself is removed from the file system when it ends; an inherited one is left alone, because its
/// owner (systemd) goes on listening on it.
public struct UnixListener: ~Copyable, Sendable {
  /// For ``EventLoop/watch(_:for:onReady:)``; cancel the watch before the listener ends.
  public var descriptor: Int32 { file.rawValue }
  /// Where it listens; nil for an inherited socket.
  public let address: UnixAddress?
  private let file: FileDescriptor
  private let identity: Identity?

  private struct Identity: Equatable {
    let device: UInt
    let inode: UInt
  }

  /// Listens on a new socket with the given mode and group.
  ///
  /// A socket file that nobody listens on is replaced; one with a live listener is never stolen. Of several processes that
  /// do this at once one wins; a lock file beside the socket, gone afterwards, keeps them apart.
  ///
  /// - Parameters:
  ///   - mode: the file's permissions, set before anybody can connect.
  ///   - groupID: its group; nil leaves the process's own.
  ///   - backlog: connections the kernel holds for us (listen(2); capped by `somaxconn`).
  /// - Throws: `EADDRINUSE` when a live process listens there, `EEXIST` when the file is no socket.
  public static func bind(
    to address: UnixAddress, mode: UInt32 = 0o660, groupID: UInt32? = nil, backlog: Int32 = 1024
  ) throws(SystemError) -> UnixListener {
    // From looking at what is there until others see that we listen: of two that start at once, the second would take
    // the first one's socket for dead.
    let lock = address.isAbstract ? nil : try BindLock(beside: address.path)
    defer { lock?.release() }
    try removeDeadSocket(at: address)
    let socket = clinux_unix_socket()
    guard socket >= 0 else { throw .last("socket") }
    let file = FileDescriptor(adopting: socket)
    // unix(7): the file gets the socket's mode less the umask, so it is closed to everybody before bind(2) makes it.
    guard fchmod(socket, 0) == 0 else { throw .last("fchmod \(address)") }
    guard address.withBytes({ clinux_bind(socket, $0, $1) }) == 0 else { throw .last("bind \(address)") }
    let listener = UnixListener(
      address: address, file: file, identity: address.isAbstract ? nil : identity(of: address.path))
    if !address.isAbstract {
      if let groupID, chown(address.path, uid_t.max, groupID) != 0 { throw .last("chown \(address)") }
      guard chmod(address.path, mode) == 0 else { throw .last("chmod \(address)") }
    }
    guard listen(socket, backlog) == 0 else { throw .last("listen \(address)") }
    return listener
  }

  /// Adopts a socket that listens already, as systemd passes it.
  public static func inherit(_ file: consuming FileDescriptor) throws(SystemError) -> UnixListener {
    try file.makeNonBlocking()
    return UnixListener(address: nil, file: file, identity: nil)
  }

  private init(address: UnixAddress?, file: consuming FileDescriptor, identity: Identity?) {
    self.address = address
    self.file = file
    self.identity = identity
  }

  /// Takes one connection; nil when none waits.
  ///
  /// - Throws: `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM` when the process or the machine has no room; the connection
  ///   stays queued, so pause before trying again (accept(2)).
  public borrowing func accept() throws(SystemError) -> UnixStream? {
    while true {
      let socket = clinux_accept(file.rawValue)
      if socket >= 0 { return UnixStream(adopting: FileDescriptor(adopting: socket)) }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EAGAIN: return nil
      default: throw .last("accept")
      }
    }
  }

  private static func removeDeadSocket(at address: UnixAddress) throws(SystemError) {
    guard !address.isAbstract else { return }
    var status = stat()
    guard lstat(address.path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw SystemError(operation: "\(address) is there and is no socket; bind", code: EEXIST)
    }
    do {
      _ = try UnixStream.connect(to: address)
    } catch  where error.code == ECONNREFUSED {
      guard unlink(address.path) == 0 || errno == ENOENT else { throw .last("unlink \(address)") }
      return
    } catch  where error.code == ENOENT {
      return
    } catch  where error.code != EAGAIN {
      throw error
    }
    throw SystemError(operation: "another process listens on \(address); bind", code: EADDRINUSE)
  }

  private static func identity(of path: String) -> Identity? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return Identity(device: UInt(status.st_dev), inode: UInt(status.st_ino))
  }

  deinit {
    // Only our own file: a successor may have bound another in its place.
    if let address, let identity, Self.identity(of: address.path) == identity { _ = unlink(address.path) }
  }
}
