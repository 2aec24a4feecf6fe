internal import Glibc
internal import LinuxIO

/// Takes lines at once and writes them on a thread of its own, in order: whoever logs never waits for whoever reads.
///
/// While nothing can be written at most ``capacity`` bytes are kept; further lines are lost and counted, and a line
/// says how many they were as soon as something can be written again.
///
/// `@unchecked Sendable`: `state` is touched only while `mutex` is held, everything else never changes.
package final class LogWriter: @unchecked Sendable {
  private struct State {
    var lines: [String] = []
    /// Of all lines that are not written yet, also of those that the thread has in hand.
    var bytes = 0
    var lost: UInt64 = 0
    var isRunning = false
    var isClosing = false
  }

  private let descriptor: Int32
  private let capacity: Int
  private let lossLine: @Sendable (UInt64) -> String
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// Signalled when there is something to write, and when there is nothing more to come.
  private let arrival = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// Signalled when the thread has ended.
  private let ending = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state = State()

  /// Starts nothing: lines are kept until ``start()``.
  ///
  /// - Parameters:
  ///   - descriptor: stays the caller's, and may be shared with other processes; nothing about it is changed.
  ///   - capacity: in bytes.
  ///   - lossLine: what to say, with the line's end, when so many lines were lost.
  package init(
    descriptor: Int32 = STDERR_FILENO, capacity: Int = 1 << 20, lossLine: @escaping @Sendable (UInt64) -> String
  ) {
    self.descriptor = descriptor
    self.capacity = capacity
    self.lossLine = lossLine
    // With these attributes none of it can fail (pthread_mutex_init(3), pthread_cond_init(3)).
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    arrival.initialize(to: pthread_cond_t())
    pthread_cond_init(arrival, nil)
    ending.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(ending, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(arrival)
    arrival.deallocate()
    pthread_cond_destroy(ending)
    ending.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Takes a line, which brings its own end. Returns at once, whatever becomes of it.
  package func write(_ line: String) {
    let count = line.utf8.count
    withLock { state in
      guard !state.isClosing, state.bytes + count <= capacity else {
        state.lost += 1
        return
      }
      state.lines.append(line)
      state.bytes += count
      pthread_cond_signal(arrival)
    }
  }

  /// Makes the thread. Without one, where none can be made, nothing is ever written.
  package func start() {
    withLock { $0.isRunning = true }
    var thread = pthread_t()
    // The thread owns this reference and gives it back when it ends.
    let reference = Unmanaged.passRetained(self)
    let result = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<LogWriter>.fromOpaque(argument).takeRetainedValue().work() }
        return nil
      }, reference.toOpaque())
    if result == 0 {
      pthread_detach(thread)
    } else {
      reference.release()
      withLock { $0.isRunning = false }
    }
  }

  /// Takes no more lines, and waits until those that there are have been written, for at most so long.
  package func finish(within limit: Duration) {
    var end = monotonicTime(after: limit)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    state.isClosing = true
    pthread_cond_signal(arrival)
    while state.isRunning {
      if pthread_cond_timedwait(ending, mutex, &end) == ETIMEDOUT { return }
    }
  }

  // MARK: On the thread

  private func work() {
    while let batch = nextBatch() {
      for line in batch {
        put(line)
        withLock { $0.bytes -= line.utf8.count }
      }
    }
  }

  /// Everything that there is, as soon as there is something; nil at the end.
  private func nextBatch() -> [String]? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while state.lines.isEmpty, state.lost == 0, !state.isClosing { pthread_cond_wait(arrival, mutex) }
    var batch = state.lines
    state.lines = []
    if state.lost > 0 {
      let line = lossLine(state.lost)
      batch.append(line)
      state.bytes += line.utf8.count
      state.lost = 0
    }
    if batch.isEmpty {
      state.isRunning = false
      pthread_cond_broadcast(ending)
      return nil
    }
    return batch
  }

  private func put(_ line: String) {
    var line = line
    line.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        // One write(2) where it takes all of it, so that lines of several processes do not mix.
        let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        if count >= 0 {
          written += count
        } else if errno == EAGAIN {
          // Somebody who shares it has made it non-blocking.
          var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&entry, 1, -1)
        } else if errno != EINTR {
          // Nobody will ever read it.
          return
        }
      }
    }
  }

  private func withLock(_ body: (inout State) -> Void) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    body(&state)
  }
}
