internal import Glibc
internal import Locking
internal import RollbackMessages

/// The terminal, pipes and files that the process was given.
struct SystemConsole: Console {
  private let environment: Environment

  /// What the environment says about output.
  struct Environment: Sendable {
    var allowsColor: Bool
    var isDumb: Bool
    var isUnicode: Bool

    init(_ variable: (String) -> String?) {
      isDumb = variable("TERM").map { $0 == "dumb" || $0.isEmpty } ?? true
      // no-color.org: present and not empty.
      allowsColor = !isDumb && (variable("NO_COLOR") ?? "").isEmpty
      // locale(7): the first of these that is set and not empty.
      let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { variable($0) }.first { !$0.isEmpty }
      let name = (locale ?? "").lowercased()
      isUnicode = name.contains("utf-8") || name.contains("utf8")
    }
  }

  init() {
    environment = Environment { name in getenv(name).map { String(cString: $0) } }
  }

  func write(_ text: String) throws { try write(Array(text.utf8)) }

  func write(_ bytes: [UInt8]) throws {
    guard let code = Self.writeAll(bytes, to: STDOUT_FILENO) else { return }
    if code == EPIPE {
      // Somebody up the line ignores SIGPIPE: end as if it had come.
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
    }
    throw CommandFailure(.internal, "Standard output cannot be written: \(String(cString: strerror(code)))")
  }

  func tell(_ text: String) {
    _ = Self.writeAll(Array(text.utf8), to: STDERR_FILENO)
  }

  /// - Returns: errno when it failed.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EAGAIN {
        // A parent left the pipe non-blocking (open(2), O_NONBLOCK is shared): wait until it takes more.
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&ready, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }

  func readLine() async throws -> String? {
    let line = PendingLine()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        line.wait(continuation)
      }
    } onCancel: {
      line.cancel()
    }
  }

  func withKeys<Result>(_ body: (AsyncStream<Key>) async throws -> Result) async throws -> Result {
    try await Keyboard.withKeys(body)
  }

  var output: StreamTraits { traits(STDOUT_FILENO) }
  var progress: StreamTraits { traits(STDERR_FILENO) }
  var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }

  var localTime: LocalTime { .system }

  private func traits(_ descriptor: Int32) -> StreamTraits {
    let isTerminal = isatty(descriptor) == 1
    let size = isTerminal ? Self.size(descriptor) : nil
    return StreamTraits(
      isTerminal: isTerminal, width: size?.width, height: size?.height,
      isColored: isTerminal && environment.allowsColor, canRedraw: isTerminal && !environment.isDumb,
      isUnicode: environment.isUnicode)
  }

  private static func size(_ descriptor: Int32) -> (width: Int, height: Int?) {
    var size = winsize()
    // ioctl_tty(2); a terminal that does not know its size says 0.
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, nil) }
    return (max(20, Int(size.ws_col)), size.ws_row > 0 ? Int(size.ws_row) : nil)
  }
}

/// A line that is being waited for on a thread of its own: read(2) of a terminal cannot be given up. When the task is
/// cancelled the thread stays behind in it until the process ends, which is what cancellation leads to.
private final class PendingLine: Sendable {
  private enum State {
    case idle
    case waiting(CheckedContinuation<String?, any Error>)
    case over
  }

  private let state = Locked(State.idle)

  func wait(_ continuation: CheckedContinuation<String?, any Error>) {
    let isOver = state.withLock { state in
      if case .over = state { return true }
      state = .waiting(continuation)
      return false
    }
    if isOver { return continuation.resume(throwing: CancellationError()) }
    let start = Unmanaged.passRetained(self)
    var thread = pthread_t()
    // pthread_create(3): the thread takes over the reference.
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let line = Unmanaged<PendingLine>.fromOpaque(argument).takeRetainedValue()
        line.end(.success(Swift.readLine(strippingNewline: true)))
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      start.release()
      return end(.failure(CommandFailure(.internal, "no thread could be started: \(String(cString: strerror(code)))")))
    }
    pthread_detach(thread)
  }

  func cancel() { end(.failure(CancellationError())) }

  private func end(_ result: Result<String?, any Error>) {
    let continuation: CheckedContinuation<String?, any Error>? = state.withLock { state in
      defer { state = .over }
      if case .waiting(let continuation) = state { return continuation }
      return nil
    }
    continuation?.resume(with: result)
  }
}
