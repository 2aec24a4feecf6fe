internal import Glibc
internal import LinuxIO
internal import Logging

/// The process's signals as a stream.
///
/// `@unchecked Sendable`: `source` is made and cancelled on the loop only.
final class SignalStream: @unchecked Sendable {
  private let loop: EventLoop
  private let signals: AsyncStream<Int32>
  private let arrived: AsyncStream<Int32>.Continuation
  private var source: SignalSource?

  private init(loop: EventLoop) {
    self.loop = loop
    // More than a few signals that nobody took mean the same as a few.
    (signals, arrived) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(8))
  }

  /// Listens for signals that ``SignalSource/block(_:)`` has blocked.
  static func start(_ numbers: [Int32], on loop: EventLoop) async throws -> SignalStream {
    let stream = SignalStream(loop: loop)
    try await loop.call {
      stream.source = try SignalSource(numbers, on: loop) { stream.arrived.yield($0) }
    }
    return stream
  }

  /// Suspends until somebody wants the daemon to end. SIGHUP is noted: nothing can be reloaded yet.
  func untilStop(log: Logger) async {
    for await signal in signals {
      guard signal == SIGHUP else { return }
      log.notice("SIGHUP: nothing is reloaded in this version; restart to apply changes")
    }
  }

  /// The second signal ends the process at once: operations go on elsewhere when their leases run out.
  func endProcessAtNextStop() async {
    for await signal in signals where signal != SIGHUP { _exit(1) }
  }

  func cancel() {
    loop.execute {
      self.source?.cancel()
      self.source = nil
    }
    arrived.finish()
  }
}
