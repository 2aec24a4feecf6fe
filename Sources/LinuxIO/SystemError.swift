internal import Glibc

/// A system call that failed: which one, on what, and its `errno`.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The call or step that failed, in words: `bind /run/rollbackd/rollbackd.sock`.
  public let operation: String
  /// The `errno` that the call left (errno(3)).
  public let code: Int32

  public init(operation: String, code: Int32) {
    self.operation = operation
    self.code = code
  }

  /// The failure of the call just made on this thread; must be made before anything else can change `errno`.
  static func last(_ operation: String) -> SystemError {
    SystemError(operation: operation, code: errno)
  }

  public var description: String {
    "\(operation): \(String(cString: strerror(code)))"
  }
}
