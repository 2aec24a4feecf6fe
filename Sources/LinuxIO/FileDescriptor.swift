internal import CLinux
internal import Glibc

/// The only owner of an open descriptor, which it closes when it ends.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number; borrowed, and valid only while the owner lives.
  public let rawValue: Int32

  /// Adopts an open descriptor.
  public init(adopting rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Gives the descriptor up: the caller closes it.
  public consuming func release() -> Int32 {
    let value = rawValue
    discard self
    return value
  }

  /// Sets `O_NONBLOCK` and `FD_CLOEXEC` on a descriptor that somebody else made (fcntl(2)).
  public borrowing func makeNonBlocking() throws(SystemError) {
    guard clinux_set_nonblocking(rawValue) == 0, clinux_set_close_on_exec(rawValue) == 0 else {
      throw .last("fcntl descriptor \(rawValue)")
    }
  }

  deinit {
    // close(2): the descriptor is gone whatever it returns, so a retry could close somebody else's.
    _ = Glibc.close(rawValue)
  }
}
