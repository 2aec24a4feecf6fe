internal import Foundation

/// A value that one thread at a time may touch.
///
/// `@unchecked Sendable`: `value` is read and written nowhere but in `withLock`, between `lock()` and `unlock()`; the
/// value itself comes in as `sending`. An `NSLock` and not `Synchronization.Mutex`, because the thread sanitizer does
/// not see the latter on Linux and reports races that are none; this one it sees, and finds the real ones.
final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  init(_ value: sending Value) { self.value = value }

  /// Runs `body` with the value while no other thread can; not reentrant.
  func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
  }
}
