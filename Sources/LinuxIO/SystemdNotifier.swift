internal import CLinux
internal import Glibc

/// Tells systemd how the service is (sd_notify(3)); does nothing where no `NOTIFY_SOCKET` is set.
///
/// Where systemd does not read what it is told, a message is dropped rather than waited for, with one exception:
/// ``ready(status:)``, without which the service would count as not started, waits for at most a second.
public struct SystemdNotifier: Sendable {
  private let address: UnixAddress?
  /// How often a watchdog ping is expected at the latest (`WATCHDOG_USEC`); nil where no watchdog watches us.
  public let watchdogInterval: Duration?

  /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` of the environment given.
  public init(environment: [String: String], processID: Int32) {
    let path = environment["NOTIFY_SOCKET"] ?? ""
    address = path.hasPrefix("/") || path.hasPrefix("@") ? UnixAddress(path: path) : nil
    let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
    if isForUs, let text = environment["WATCHDOG_USEC"], let microseconds = Int64(text), microseconds > 0 {
      watchdogInterval = .microseconds(microseconds)
    } else {
      watchdogInterval = nil
    }
  }

  /// The service accepts calls. `status` is the line that `systemctl status` shows.
  public func ready(status: String) { send("READY=1\nSTATUS=\(status)", patience: 1) }
  /// Changes the status line.
  public func status(_ status: String) { send("STATUS=\(status)") }
  /// The service is shutting down.
  public func stopping(status: String) { send("STOPPING=1\nSTATUS=\(status)") }
  /// The service works; only a check that proves it may say so.
  public func watchdog() { send("WATCHDOG=1") }

  /// - Parameter patience: how many seconds it may take; 0 for what can be had at once.
  private func send(_ message: String, patience: Int = 0) {
    guard let address else { return }
    let descriptor = clinux_unix_datagram_socket()
    guard descriptor >= 0 else { return }
    let socket = FileDescriptor(adopting: descriptor)
    if patience > 0 {
      // socket(7), SO_SNDTIMEO; zero would mean for ever.
      var limit = timeval(tv_sec: patience, tv_usec: 0)
      let size = socklen_t(MemoryLayout<timeval>.size)
      guard setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size) == 0 else { return }
    } else {
      guard clinux_set_nonblocking(descriptor) == 0 else { return }
    }
    // Best effort by design: a service manager that does not listen must not hurt the service.
    let bytes = Array(message.utf8)
    _ = address.withBytes { clinux_send_to(socket.rawValue, $0, $1, bytes, bytes.count) }
  }
}
