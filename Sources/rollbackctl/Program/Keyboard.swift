internal import Dispatch
internal import Glibc
internal import Locking
internal import RollbackMessages

/// The terminal of standard input while single keys are read from it: no line editing, no echo.
///
/// Signals still come from the keyboard's Ctrl-C; Ctrl-Z and Ctrl-\ do nothing meanwhile, for the program would leave
/// the terminal as it is. Whatever ends the reading puts the terminal back: the end of ``withKeys(_:)`` in any way, a
/// second Ctrl-C, SIGTERM and SIGHUP.
enum Keyboard {
  /// What the terminal was like; nil while nothing has to be put back.
  private static let before = Locked<termios?>(nil)

  /// Lends `body` the keys that are pressed; they end with the terminal, or when the task is cancelled.
  static func withKeys<Result>(_ body: (AsyncStream<Key>) async throws -> Result) async throws -> Result {
    try enter()
    defer { restore() }
    let ends = [SIGTERM, SIGHUP].map(endingSignal)
    defer {
      for end in ends { end.cancel() }
      for number in [SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
    }
    let (keys, input) = AsyncStream.makeStream(of: Key.self)
    let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
    let decoder = Locked(KeyDecoder())
    source.setEventHandler {
      var bytes = [UInt8](repeating: 0, count: 256)
      let count = bytes.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR || errno == EAGAIN { return }
      guard count > 0 else { return input.finish() }
      for key in decoder.withLock({ $0.decode(Array(bytes.prefix(count))) }) { input.yield(key) }
    }
    source.resume()
    defer { source.cancel() }
    return try await body(keys)
  }

  /// - Throws: ``CommandFailure`` when standard input is no terminal that can do it.
  private static func enter() throws {
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else { throw failure() }
    let old = settings
    // termios(3): each read(2) gives what is there, one byte at least.
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
    withUnsafeMutableBytes(of: &settings.c_cc) { characters in
      characters[Int(VMIN)] = 1
      characters[Int(VTIME)] = 0
      // _POSIX_VDISABLE is 0 on Linux.
      characters[Int(VSUSP)] = 0
      characters[Int(VQUIT)] = 0
    }
    before.withLock { $0 = old }
    guard tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) == 0 else {
      before.withLock { $0 = nil }
      throw failure()
    }
  }

  /// Puts the terminal back where it has to be.
  static func restore() {
    before.withLock { old in
      guard var settings = old else { return }
      old = nil
      _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
  }

  /// Ends the process at that signal once the terminal is back, with the status that shells give for it: the queue's
  /// threads block signals, so that it cannot be raised again from here.
  private static func endingSignal(_ number: Int32) -> any DispatchSourceSignal {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      restore()
      _exit(128 + number)
    }
    source.resume()
    return source
  }

  private static func failure() -> CommandFailure {
    CommandFailure(.internal, "The terminal cannot be read key by key: \(String(cString: strerror(errno)))")
  }
}
