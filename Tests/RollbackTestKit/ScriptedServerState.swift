import Glibc
import LinuxIO

/// The sockets of a ``ScriptedHTTPServer``.
///
/// `@unchecked Sendable`: everything but `loop`, `mailbox` and the closure is read and written on `loop` only.
final class ScriptedServerState: @unchecked Sendable {
  let loop: EventLoop
  let mailbox = Mailbox<Exchange>()
  private let answer: @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Answer?
  private var listener: FileDescriptor?
  private var listenerWatch: Watch?
  private var connections: [Int: Connection] = [:]
  private(set) var connectionsAccepted = 0

  private struct Connection {
    let descriptor: Int32
    var watch: Watch
    var received: [UInt8] = []
    var unsent: [UInt8] = []
    var closesWhenSent = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  init(
    loop: EventLoop, listener: consuming FileDescriptor,
    answer: @escaping @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Answer?
  ) {
    self.loop = loop
    self.listener = consume listener
    self.answer = answer
  }

  /// Runs `body` on the loop.
  func onLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      loop.execute { continuation.resume(returning: body()) }
    }
  }

  func start() throws {
    guard let descriptor = listener?.rawValue else { return }
    listenerWatch = try loop.watch(descriptor, for: .readable) { [weak self] _ in self?.accept() }
  }

  func stop() {
    listenerWatch?.cancel()
    listenerWatch = nil
    // Ends listening and keeps the port (shutdown(2) on a listening socket, as Linux does it).
    if let descriptor = listener?.rawValue { shutdown(descriptor, Int32(SHUT_RD)) }
    for id in Array(connections.keys) { close(id, abruptly: false, evenUnsent: true) }
  }

  func send(_ bytes: [UInt8], on id: Int) {
    guard connections[id] != nil else { return }
    connections[id]?.unsent += bytes
    flush(id)
  }

  func close(_ id: Int, abruptly: Bool, evenUnsent: Bool = false) {
    guard let connection = connections[id] else { return }
    if !connection.unsent.isEmpty, !abruptly, !evenUnsent {
      connections[id]?.closesWhenSent = true
      return
    }
    if abruptly {
      var now = linger(l_onoff: 1, l_linger: 0)
      setsockopt(connection.descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }
    connection.watch.cancel()
    _ = Glibc.close(connection.descriptor)
    connections[id] = nil
    for waiter in connection.waiters { waiter.resume() }
  }

  func closure(of id: Int) async {
    await withCheckedContinuation { continuation in
      loop.execute { [self] in
        if connections[id] == nil {
          continuation.resume()
        } else {
          connections[id]?.waiters.append(continuation)
        }
      }
    }
  }

  private func accept() {
    guard let descriptor = listener?.rawValue else { return }
    let accepted = Glibc.accept(descriptor, nil, nil)
    guard accepted >= 0 else { return }
    _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
    _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
    var yes: Int32 = 1
    setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    connectionsAccepted += 1
    let id = connectionsAccepted
    do throws(SystemError) {
      let watch = try loop.watch(accepted, for: .readable) { [weak self] readiness in self?.ready(id, readiness) }
      connections[id] = Connection(descriptor: accepted, watch: watch)
    } catch {
      _ = Glibc.close(accepted)
    }
  }

  private func ready(_ id: Int, _ readiness: Readiness) {
    if readiness.contains(.writable) { flush(id) }
    if readiness.contains(.readable) || readiness.contains(.hangup) || readiness.contains(.error) { read(id) }
  }

  private func read(_ id: Int) {
    guard let descriptor = connections[id]?.descriptor else { return }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    if count < 0, errno == EAGAIN || errno == EINTR { return }
    guard count > 0 else { return close(id, abruptly: false, evenUnsent: true) }
    connections[id]?.received += bytes.prefix(count)
    while let request = takeRequest(id) {
      if let answer = answer(request) {
        send(Exchange.encode(answer), on: id)
      } else {
        mailbox.put(Exchange(request: request, connection: id, state: self))
      }
    }
  }

  private func takeRequest(_ id: Int) -> ScriptedHTTPServer.Request? {
    guard let received = connections[id]?.received, let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else {
      return nil
    }
    let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3 else { return nil }
    let headers = lines.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
      return (name: String(parts[0]), value: String(value))
    }
    var request = ScriptedHTTPServer.Request(
      method: String(words[0]), target: String(words[1]), headers: headers, body: [])
    let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
    guard received.count - end.upperBound >= length else { return nil }
    request.body = Array(received[end.upperBound..<(end.upperBound + length)])
    connections[id]?.received.removeFirst(end.upperBound + length)
    return request
  }

  private func flush(_ id: Int) {
    guard let connection = connections[id] else { return }
    if !connection.unsent.isEmpty {
      let count = connection.unsent.withUnsafeBytes {
        Glibc.send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno != EAGAIN, errno != EINTR { return close(id, abruptly: false, evenUnsent: true) }
      if count > 0 { connections[id]?.unsent.removeFirst(count) }
    }
    let isDone = connections[id]?.unsent.isEmpty ?? true
    connection.watch.update(isDone ? .readable : [.readable, .writable])
    if isDone, connection.closesWhenSent { close(id, abruptly: false) }
  }
}
