internal import Glibc

/// Keeps others from binding the same path meanwhile, by flock(2) on a file beside it.
///
/// A class, for it is kept in an optional; it ends with ``release()``.
final class BindLock {
  private let path: String
  private var file: FileDescriptorBox?

  /// Waits for whoever has it, who has it for a moment only: the file is its owner's alone.
  init(beside path: String) throws(SystemError) {
    self.path = path + ".lock"
    while true {
      let descriptor = open(self.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else { throw .last("open \(self.path)") }
      let file = FileDescriptorBox(FileDescriptor(adopting: descriptor))
      while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else { throw .last("flock \(self.path)") }
      }
      // Whoever had it before has removed the file; a lock on that one keeps nobody out any more.
      if Self.isSame(descriptor, self.path) {
        self.file = file
        return
      }
    }
  }

  /// Harmless twice.
  func release() {
    guard file != nil else { return }
    // Before the lock ends with its descriptor, so that nobody finds the file unlocked.
    _ = unlink(path)
    file = nil
  }

  private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
    var opened = stat()
    var found = stat()
    return fstat(descriptor, &opened) == 0 && lstat(path, &found) == 0 && opened.st_dev == found.st_dev
      && opened.st_ino == found.st_ino
  }
}
