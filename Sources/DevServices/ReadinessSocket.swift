internal import Foundation

/// Stands in for systemd: hears when a service says that it is ready (sd_notify(3)).
public struct ReadinessSocket: ~Copyable {
  /// For `NOTIFY_SOCKET` of the service.
  public let path: String
  private let descriptor: Int32

  /// Listens on a new socket at `path`, at most 107 bytes long.
  public init(path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ServiceFailure("socket: \(String(cString: strerror(errno)))") }
    unlink(path)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw ServiceFailure("\(path) is too long for a socket")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw ServiceFailure("bind \(path): \(String(cString: strerror(errno)))") }
  }

  /// Blocks until `READY=1` comes; false when it does not within the time.
  public borrowing func wait(atMost seconds: Int) -> Bool {
    let end = Date().addingTimeInterval(Double(seconds))
    var buffer = [UInt8](repeating: 0, count: 4096)
    while end.timeIntervalSinceNow > 0 {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, Int32(end.timeIntervalSinceNow * 1000) + 1) > 0 else { continue }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { continue }
      let lines = String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n")
      if lines.contains("READY=1") { return true }
    }
    return false
  }

  deinit {
    close(descriptor)
    unlink(path)
  }
}

/// A service that could not be started, and why.
public struct ServiceFailure: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
