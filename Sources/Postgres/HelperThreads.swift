internal import Glibc
internal import Locking

/// A few threads for one kind of call of libpq or of the resolver that blocks: looking a host up, asking a server to
/// cancel. Kinds do not share threads, so that cancels which a dead server does not answer hold up no connection to its
/// successor.
///
/// A job that is stuck (a resolver that does not answer) holds one thread; the others go on. Threads end when there is
/// nothing to do.
final class HelperThreads: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var threads = 0
  }

  private let state = Locked(State())
  private let maximumThreads: Int
  private let maximumJobs: Int

  init(maximumThreads: Int = 4, maximumJobs: Int = 64) {
    self.maximumThreads = maximumThreads
    self.maximumJobs = maximumJobs
  }

  /// Runs `job` on a helper thread, in order of asking where they are all busy. False when too many wait already, or no
  /// thread can be made.
  func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    let (isAccepted, needsThread) = state.withLock { state in
      guard state.jobs.count < maximumJobs else { return (false, false) }
      state.jobs.append(job)
      guard state.threads < maximumThreads else { return (true, false) }
      state.threads += 1
      return (true, true)
    }
    guard needsThread else { return isAccepted }
    if makeThread() { return true }
    return state.withLock { state in
      state.threads -= 1
      guard state.threads == 0 else { return true }
      state.jobs.removeAll()
      return false
    }
  }

  private func makeThread() -> Bool {
    var thread = pthread_t()
    // The thread owns this reference and gives it back when it ends.
    let reference = Unmanaged.passRetained(self)
    let result = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<HelperThreads>.fromOpaque(argument).takeRetainedValue().work() }
        return nil
      }, reference.toOpaque())
    guard result == 0 else {
      reference.release()
      return false
    }
    pthread_detach(thread)
    return true
  }

  private func work() {
    while true {
      let job = state.withLock { state -> (@Sendable () -> Void)? in
        if state.jobs.isEmpty {
          state.threads -= 1
          return nil
        }
        return state.jobs.removeFirst()
      }
      guard let job else { return }
      job()
    }
  }
}

/// The threads of one client.
struct PostgresThreads: Sendable {
  /// Of name look-ups, service files and the like.
  let lookups = HelperThreads()
  /// Of requests to cancel.
  let cancels = HelperThreads(maximumThreads: 2, maximumJobs: 16)
}
