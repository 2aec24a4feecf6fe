internal import Glibc

/// The sockets that systemd passed to this process (sd_listen_fds(3)).
public enum SystemdListeners {
  /// Takes the listening Unix stream sockets; empty when the process was not socket-activated.
  ///
  /// Call it once, before anything forks: it unsets `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`.
  /// - Throws: when a passed descriptor is no listening Unix stream socket.
  public static func take() throws(SystemError) -> [FileDescriptorBox] {
    defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
    let count = number(
      of: getenv("LISTEN_PID").map { String(cString: $0) }, getenv("LISTEN_FDS").map { String(cString: $0) },
      processID: getpid())
    var listeners: [FileDescriptorBox] = []
    for descriptor in 3..<(3 + count) {
      let owned = FileDescriptorBox(FileDescriptor(adopting: descriptor))
      guard option(SO_ACCEPTCONN, of: descriptor) == 1, option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
        option(SO_DOMAIN, of: descriptor) == AF_UNIX
      else {
        throw SystemError(
          operation: "descriptor \(descriptor) from systemd is no listening Unix socket", code: ENOTSOCK)
      }
      listeners.append(owned)
    }
    return listeners
  }

  /// How many descriptors are for us: none when the variables are for another process or make no sense.
  static func number(of listenPID: String?, _ listenFDs: String?, processID: Int32) -> Int32 {
    guard let listenPID, Int32(listenPID) == processID, let listenFDs, let count = Int32(listenFDs), count > 0,
      count < 1024
    else { return 0 }
    return count
  }

  private static func option(_ name: Int32, of descriptor: Int32) -> Int32 {
    var value: Int32 = -1
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : -1
  }
}

/// An owned descriptor that can be kept in an array until somebody takes it.
public final class FileDescriptorBox {
  private var rawValue: Int32?

  init(_ descriptor: consuming FileDescriptor) {
    rawValue = descriptor.release()
  }

  /// Hands the descriptor over; nil when it was taken before.
  public func take() -> FileDescriptor? {
    defer { rawValue = nil }
    guard let rawValue else { return nil }
    return FileDescriptor(adopting: rawValue)
  }

  deinit {
    if let rawValue { _ = close(rawValue) }
  }
}
