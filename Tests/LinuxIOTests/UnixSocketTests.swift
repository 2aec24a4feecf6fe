import Glibc
import Testing

@testable import LinuxIO

@Suite struct UnixSocketTests {
  /// A fresh directory, removed with everything in it.
  private func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/linuxio-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let path = template.withUnsafeBufferPointer { String(decoding: $0.dropLast().map(UInt8.init), as: UTF8.self) }
    defer {
      for name in ["socket", "file"] { unlink(path + "/" + name) }
      rmdir(path)
    }
    return try body(path)
  }

  private func errorCode(_ body: () throws -> Void) -> Int32? {
    do {
      try body()
      return nil
    } catch {
      return (error as? SystemError)?.code
    }
  }

  @Test func `the socket has its mode and is removed at the end`() throws {
    try withDirectory { directory in
      let path = directory + "/socket"
      var status = stat()
      do {
        let listener = try UnixListener.bind(to: UnixAddress(path: path), mode: 0o660)
        #expect(lstat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        _ = listener.descriptor
      }
      #expect(lstat(path, &status) != 0)
    }
  }

  @Test func `a live listener is not robbed of its socket`() throws {
    try withDirectory { directory in
      let address = UnixAddress(path: directory + "/socket")
      let listener = try UnixListener.bind(to: address)
      #expect(errorCode { _ = try UnixListener.bind(to: address) } == EADDRINUSE)
      let client = try UnixStream.connect(to: address)
      #expect(try listener.accept() != nil)
      _ = client.descriptor
    }
  }

  @Test func `a dead socket is replaced`() throws {
    try withDirectory { directory in
      let address = UnixAddress(path: directory + "/socket")
      // An inherited listener does not remove the file when it closes: so a socket is left without a listener.
      let dead = try UnixListener.bind(to: address)
      let copy = directory + "/file"
      #expect(rename(address.path, copy) == 0)
      _ = consume dead
      #expect(rename(copy, address.path) == 0)
      #expect(errorCode { _ = try UnixStream.connect(to: address) } == ECONNREFUSED)
      let listener = try UnixListener.bind(to: address)
      _ = try UnixStream.connect(to: address)
      _ = listener.descriptor
    }
  }

  /// Between finding the socket dead and putting a live one in its place, another one may have done the same.
  @Test func `of many that start at once one listens and nobody is robbed`() async throws {
    for _ in 0..<200 {
      var template = Array("/tmp/linuxio-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      let directory = template.withUnsafeBufferPointer {
        String(decoding: $0.dropLast().map(UInt8.init), as: UTF8.self)
      }
      defer { rmdir(directory) }
      let address = UnixAddress(path: directory + "/socket")
      try leaveDeadSocket(at: address.path)
      await withTaskGroup(of: ListenerBox?.self) { group in
        for _ in 0..<4 {
          group.addTask { try? ListenerBox(UnixListener.bind(to: address)) }
        }
        var listeners: [ListenerBox] = []
        for await listener in group { if let listener { listeners.append(listener) } }
        #expect(listeners.count == 1)
        #expect(errorCode { _ = try UnixStream.connect(to: address) } == nil)
      }
      // Neither a socket nor a lock file is left.
      #expect(rmdir(directory) == 0)
    }
  }

  private func leaveDeadSocket(at path: String) throws {
    let dead = try UnixListener.bind(to: UnixAddress(path: path))
    #expect(rename(path, path + "-") == 0)
    _ = consume dead
    #expect(rename(path + "-", path) == 0)
  }

  private final class ListenerBox: Sendable {
    private let listener: UnixListener

    init(_ listener: consuming UnixListener) { self.listener = listener }
  }

  @Test func `a file that is no socket is left alone`() throws {
    try withDirectory { directory in
      let path = directory + "/file"
      close(open(path, O_CREAT | O_WRONLY, 0o600))
      #expect(errorCode { _ = try UnixListener.bind(to: UnixAddress(path: path)) } == EEXIST)
      #expect(access(path, F_OK) == 0)
    }
  }

  @Test(arguments: ["", String(repeating: "x", count: 108)])
  func `a path that does not fit is refused`(path: String) {
    #expect(errorCode { _ = try UnixStream.connect(to: UnixAddress(path: path)) } == ENAMETOOLONG)
  }

  @Test func `the kernel says who connected`() throws {
    let address = UnixAddress(path: "@linuxio-test-\(getpid())")
    let listener = try UnixListener.bind(to: address)
    let client = try UnixStream.connect(to: address)
    var peer: PeerCredentials?
    if let accepted = try listener.accept() { peer = try accepted.peerCredentials() }
    #expect(peer?.processID == getpid())
    #expect(peer?.userID == geteuid())
    #expect(peer?.groupID == getegid())
    _ = client.descriptor
  }

  @Test func `nothing to accept is no error`() throws {
    let listener = try UnixListener.bind(to: UnixAddress(path: "@linuxio-empty-\(getpid())"))
    #expect(try listener.accept() == nil)
  }

  @Test func `writing to a peer that is gone says closed and raises no signal`() throws {
    let (left, right) = try UnixStream.pair()
    guard let descriptor = left.take() else { throw SystemError(operation: "take", code: EBADF) }
    let stream = UnixStream(adopting: descriptor)
    _ = right.take()
    let result = try withUnsafeBytes(of: UInt8(1)) { try stream.write($0) }
    #expect(result == .closed)
  }
}

@Suite struct DescriptorLimitTests {
  /// In a process of its own, for the limit is the process's.
  @Test func `the soft limit is raised to the hard one`() async {
    await #expect(processExitsWith: .success) {
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var limit = rlimit(rlim_cur: 128, rlim_max: 512)
      precondition(setrlimit(resource, &limit) == 0)
      precondition(DescriptorLimit.raise() == 512)
      precondition(getrlimit(resource, &limit) == 0)
      precondition(limit.rlim_cur == 512)
    }
  }
}

@Suite struct SystemdTests {
  @Test(arguments: [
    ("42", "2", 2), ("41", "2", 0), ("42", "", 0), ("42", "-1", 0), ("42", "4000", 0), ("x", "1", 0),
  ])
  func `only descriptors meant for this process count`(listenPID: String, listenFDs: String, expected: Int32) {
    #expect(SystemdListeners.number(of: listenPID, listenFDs, processID: 42) == expected)
  }

  /// As where systemd is stopped: its queue is full (unix(7), `max_dgram_qlen`), and a send would wait for ever.
  @Test func `a service manager that does not read holds nobody up`() throws {
    let path = "/tmp/linuxio-notify-\(getpid())"
    unlink(path)
    defer { unlink(path) }
    let receiver = FileDescriptor(adopting: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
    let bound = withAddress(path) { bind(receiver.rawValue, $0, $1) }
    try #require(bound == 0)
    let filler = FileDescriptor(adopting: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
    try filler.makeNonBlocking()
    while withAddress(path, { sendto(filler.rawValue, "x", 1, 0, $0, $1) }) == 1 {}
    #expect(errno == EAGAIN)
    let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": path], processID: getpid())
    notifier.watchdog()
    notifier.status("full")
    notifier.stopping(status: "full")
    let asked = ContinuousClock.now
    notifier.ready(status: "full")
    #expect(ContinuousClock.now - asked >= .milliseconds(900))
    // With room again, what is said arrives.
    var buffer = [UInt8](repeating: 0, count: 64)
    while recv(receiver.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT)) > 0 {}
    notifier.watchdog()
    let count = recv(receiver.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == "WATCHDOG=1")
  }

  private func withAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  @Test func `the watchdog is ours only when its process is`() {
    let ours = ["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7"]
    #expect(SystemdNotifier(environment: ours, processID: 7).watchdogInterval == .seconds(2))
    #expect(SystemdNotifier(environment: ours, processID: 8).watchdogInterval == nil)
    #expect(SystemdNotifier(environment: [:], processID: 7).watchdogInterval == nil)
  }
}

@Suite struct TimerQueueTests {
  @Test func `elements come out by deadline and, at one instant, in the order of insertion`() {
    let start = ContinuousClock.now
    var queue = TimerQueue<Int>()
    var generator = SystemRandomNumberGenerator()
    let deadlines = (0..<500).map { _ in Int.random(in: 0..<50, using: &generator) }
    for (index, deadline) in deadlines.enumerated() { queue.insert(index, at: start + .seconds(deadline)) }
    #expect(queue.popExpired(at: start - .seconds(1)) == nil)
    var popped: [Int] = []
    while let element = queue.popExpired(at: start + .seconds(100)) { popped.append(element) }
    let expected = deadlines.indices.sorted { (deadlines[$0], $0) < (deadlines[$1], $1) }
    #expect(popped == expected)
  }

  @Test func `compacting keeps the order`() {
    let start = ContinuousClock.now
    var queue = TimerQueue<Int>()
    for number in 0..<100 { queue.insert(number, at: start + .seconds(100 - number)) }
    queue.compact { $0 % 2 == 0 }
    var popped: [Int] = []
    while let element = queue.popExpired(at: start + .seconds(200)) { popped.append(element) }
    #expect(popped == (0..<100).filter { $0 % 2 == 1 }.reversed())
  }
}
