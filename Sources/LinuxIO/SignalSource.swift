internal import CLinux
internal import Glibc

/// Signals as events of a loop (signalfd(2)).
public final class SignalSource {
  private let file: FileDescriptor
  private var watch: Watch?

  /// Blocks the signals in the calling thread and in every thread it creates: call it in `main` before anything else,
  /// or the default action of a signal still strikes another thread.
  public static func block(_ signals: [Int32]) {
    // pthread_sigmask(3) fails only for a wrong first argument.
    _ = clinux_block_signals(signals, Int32(signals.count))
  }

  /// Ignores SIGPIPE for the whole process: libcurl and libpq write to sockets that peers close.
  public static func ignoreBrokenPipes() {
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Calls `onSignal` on the loop for each of the signals, which must be blocked. On the loop only.
  public init(_ signals: [Int32], on loop: EventLoop, onSignal: @escaping (Int32) -> Void) throws(SystemError) {
    let descriptor = clinux_signalfd(signals, Int32(signals.count))
    guard descriptor >= 0 else { throw .last("signalfd") }
    file = FileDescriptor(adopting: descriptor)
    watch = try loop.watch(descriptor, for: .readable) { _ in
      while true {
        let signal = clinux_read_signal(descriptor)
        guard signal > 0 else { return }
        onSignal(signal)
      }
    }
  }

  /// Stops listening; on the loop only, and before the source ends.
  public func cancel() {
    watch?.cancel()
    watch = nil
  }
}
