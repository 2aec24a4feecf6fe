internal import Glibc

/// A value behind a lock.
///
/// By pthread_mutex_lock(3), which the thread sanitizer knows; it does not see the slow path of `Mutex` and reports
/// races that there are not.
///
/// `@unchecked Sendable`: `value` is touched by the holder of the mutex only.
public final class Locked<Value>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var value: Value

  public init(_ value: sending Value) {
    self.value = value
    // With default attributes neither this nor locking can fail (pthread_mutex_init(3)).
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  public func withLock<Result>(_ body: (inout Value) throws -> sending Result) rethrows -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
