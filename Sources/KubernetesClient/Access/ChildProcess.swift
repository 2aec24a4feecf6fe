internal import Glibc
internal import Synchronization

/// One run of a command, of which only the standard output is wanted.
///
/// The command gets a process group of its own, nothing on its standard input and no signal blocked. Whatever ends the
/// run, at the end the group is killed, and the child is reaped.
struct ChildProcess: Sendable {
  enum Failure: Error, Hashable {
    case notStarted(String)
    case tooSlow
    case tooMuchOutput
    case cancelled
    case exited(Int32)
    case killed(Int32)
  }

  let command: String
  let arguments: [String]
  let environment: [String: String]
  let deadline: Duration
  let maximumOutput: Int

  /// Runs it on a thread of its own, for it blocks; suspends until the child is gone. Cancelling kills it.
  func run() async throws(Failure) -> [UInt8] {
    let cancellation = CancellationFlag()
    let result: Result<[UInt8], Failure> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let job = Job { continuation.resume(returning: Result { () throws(Failure) in try runBlocking(cancellation) }) }
        if !job.startThread() { continuation.resume(returning: .failure(.notStarted("no thread"))) }
      }
    } onCancel: {
      cancellation.isSet.store(true, ordering: .relaxed)
    }
    return try result.get()
  }

  private final class CancellationFlag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  /// Work handed to a new thread, which owns it.
  private final class Job: Sendable {
    private let work: @Sendable () -> Void

    init(_ work: @escaping @Sendable () -> Void) { self.work = work }

    func startThread() -> Bool {
      var thread = pthread_t()
      let reference = Unmanaged.passRetained(self)
      let result = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().work() }
          return nil
        }, reference.toOpaque())
      guard result == 0 else {
        reference.release()
        return false
      }
      pthread_detach(thread)
      return true
    }
  }

  private func runBlocking(_ cancellation: CancellationFlag) throws(Failure) -> [UInt8] {
    let end = ContinuousClock.now + deadline
    let (child, output) = try start()
    defer { close(output) }
    let result = Result { () throws(Failure) in
      let bytes = try read(output, until: end, cancellation)
      try waitForExit(of: child, until: end, cancellation)
      return bytes
    }
    // Also what it left behind in the background. The child is not reaped yet, so the group's number is still ours.
    kill(-child, SIGKILL)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    let bytes = try result.get()
    // waitpid(2): the low seven bits are the signal, the next byte the exit status.
    if status & 0x7f != 0 { throw .killed(status & 0x7f) }
    guard status >> 8 & 0xff == 0 else { throw .exited(status >> 8 & 0xff) }
    return bytes
  }

  private func read(
    _ descriptor: Int32, until end: ContinuousClock.Instant, _ cancellation: CancellationFlag
  ) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while true {
      try check(end, cancellation)
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 50) > 0 else { continue }
      let count = Glibc.read(descriptor, &part, part.count)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= maximumOutput else { throw .tooMuchOutput }
      bytes += part.prefix(count)
    }
  }

  /// Waits until the child has ended, and leaves it to be reaped (waitid(2), WNOWAIT).
  private func waitForExit(
    of child: pid_t, until end: ContinuousClock.Instant, _ cancellation: CancellationFlag
  ) throws(Failure) {
    while true {
      var info = siginfo_t()
      _ = waitid(P_PID, id_t(child), &info, WEXITED | WNOHANG | WNOWAIT)
      if info.si_signo == SIGCHLD { return }
      try check(end, cancellation)
      _ = poll(nil, 0, 5)
    }
  }

  private func check(_ end: ContinuousClock.Instant, _ cancellation: CancellationFlag) throws(Failure) {
    if cancellation.isSet.load(ordering: .relaxed) { throw .cancelled }
    if ContinuousClock.now >= end { throw .tooSlow }
  }

  /// posix_spawn(3): returns the error instead of setting errno.
  private func start() throws(Failure) -> (child: pid_t, output: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .notStarted(String(cString: strerror(errno))) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      close(ends[1])
    }
    var child: pid_t = 0
    let result = withCStrings([command] + arguments) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
        posix_spawnp(&child, command, &actions, &attributes, arguments, environment)
      }
    }
    guard result == 0 else {
      close(ends[0])
      throw .notStarted(String(cString: strerror(result)))
    }
    return (child, ends[0])
  }

  /// A null-terminated array of C strings, valid within `body`.
  private func withCStrings<Value>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
  }
}
