public import Glibc

/// A value that one thread at a time may touch. Copies of it share the value and the lock; it is not reentrant.
///
/// By pthread_mutex_lock(3), which the thread sanitizer knows: it does not see the slow path of
/// `Synchronization.Mutex`, and reports races that there are not.
///
/// `@unchecked Sendable`: the value comes in as `sending`, and only the holder of the mutex touches it.
public struct Locked<Value: ~Copyable>: @unchecked Sendable {
  /// The mutex with the value behind it, in one object that does not move.
  @usableFromInline
  final class Storage: ManagedBuffer<pthread_mutex_t, Value> {
    @inlinable
    deinit {
      withUnsafeMutablePointers { mutex, value in
        value.deinitialize(count: 1)
        pthread_mutex_destroy(mutex)
      }
    }
  }

  @usableFromInline
  let storage: ManagedBuffer<pthread_mutex_t, Value>

  @inlinable
  public init(_ value: consuming sending Value) {
    storage = Storage.create(minimumCapacity: 1) { _ in pthread_mutex_t() }
    let (mutex, place) = storage.withUnsafeMutablePointers { ($0, $1) }
    // With default attributes neither this nor locking can fail (pthread_mutex_init(3)).
    pthread_mutex_init(mutex, nil)
    place.initialize(to: value)
  }

  /// Runs `body` with the value while no other thread can; blocks until then. Throws what `body` throws.
  @inlinable
  public func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    let (mutex, value) = storage.withUnsafeMutablePointers { ($0, $1) }
    pthread_mutex_lock(mutex)
    defer {
      pthread_mutex_unlock(mutex)
      extendLifetime(storage)
    }
    return try body(&value.pointee)
  }
}
