import Glibc
public import LinuxIO

/// An HTTP/1.1 server on the loopback interface that answers what the test tells it, when the test tells it.
///
/// Each request is either answered by the script or handed to the test by
/// ``next()`` as an ``Exchange``: the test then sends bytes, cuts the connection, or does nothing, and so decides about
/// every delay itself.
public final class ScriptedHTTPServer: Sendable {
  /// What the closure answers at once.
  public struct Answer: Sendable {
    public var status: Int
    public var headers: [(String, String)]
    public var body: [UInt8]

    public init(status: Int = 200, headers: [(String, String)] = [], body: [UInt8] = []) {
      self.status = status
      self.headers = headers
      self.body = body
    }

    public init(status: Int = 200, headers: [(String, String)] = [], text: String) {
      self.init(status: status, headers: headers, body: Array(text.utf8))
    }
  }

  /// Who answers.
  public struct Script: Sendable {
    let answer: @Sendable (Request) -> Answer?

    /// The test answers every request.
    public static let byHand = Script { _ in nil }

    /// The closure answers each request at once; those for which it returns nil are the test's.
    public static func each(_ answer: @escaping @Sendable (Request) -> Answer?) -> Script {
      Script(answer: answer)
    }
  }

  /// A request as it was received.
  public struct Request: Sendable {
    public var method: String
    /// The request target, query included, still percent-encoded.
    public var target: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    /// The first header of that name, whatever its case.
    public func header(_ name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  /// The port it listens on.
  public let port: Int
  private let state: ScriptedServerState

  /// Starts listening; to be stopped before its loop is. `loop` serves the sockets; give it another loop than the client's.
  public init(
    on loop: EventLoop, answer: Script = .byHand
  ) async throws {
    let listener = try Self.listen()
    self.port = try Self.port(of: listener)
    let state = ScriptedServerState(loop: loop, listener: listener, answer: answer.answer)
    self.state = state
    try await state.onLoop { Result { try state.start() } }.get()
  }

  /// The address without a path.
  public var baseURL: String { "http://127.0.0.1:\(port)" }

  /// The next request that the script left to the test; waits for it.
  public func next() async -> Exchange {
    await state.mailbox.next()
  }

  /// How many connections were accepted so far.
  public var connectionsAccepted: Int {
    get async { await state.onLoop { [state] in state.connectionsAccepted } }
  }

  /// Stops listening and closes every connection. From then on connecting is refused; the port stays ours as long as
  /// this object lives, so that nobody else can answer on it.
  public func stop() async {
    await state.onLoop { [state] in state.stop() }
  }

  private static func listen() throws(SystemError) -> FileDescriptor {
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard raw >= 0 else { throw SystemError(operation: "socket", code: errno) }
    let listener = FileDescriptor(adopting: raw)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(raw, generic, length) != 0 || Glibc.listen(raw, 128) != 0
      }
    }
    guard !failed else { throw SystemError(operation: "listen on 127.0.0.1", code: errno) }
    return listener
  }

  private static func port(of listener: borrowing FileDescriptor) throws(SystemError) -> Int {
    let raw = listener.rawValue
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &length) != 0 }
    }
    guard !failed else { throw SystemError(operation: "getsockname", code: errno) }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

/// One request that waits for the test, and the connection it came on.
public struct Exchange: Sendable {
  public let request: ScriptedHTTPServer.Request
  /// Tells connections apart: 1 for the first accepted.
  public let connection: Int
  private let state: ScriptedServerState

  init(request: ScriptedHTTPServer.Request, connection: Int, state: ScriptedServerState) {
    self.request = request
    self.connection = connection
    self.state = state
  }

  /// A whole answer with its length.
  public func respond(_ answer: ScriptedHTTPServer.Answer) {
    send(Self.encode(answer))
  }

  /// The head of an answer that has no length: chunks follow.
  public func respondChunked(status: Int = 200, headers: [(String, String)] = []) {
    var head = "HTTP/1.1 \(status) Scripted\r\nTransfer-Encoding: chunked\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    send(head + "\r\n")
  }

  public func sendChunk(_ text: String) {
    sendChunk(Array(text.utf8))
  }

  public func sendChunk(_ bytes: [UInt8]) {
    send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
  }

  public func endChunks() {
    send("0\r\n\r\n")
  }

  /// Bytes as they are.
  public func send(_ text: String) {
    send(Array(text.utf8))
  }

  public func send(_ bytes: [UInt8]) {
    let connection = connection
    state.loop.execute { [state] in state.send(bytes, on: connection) }
  }

  /// Closes the connection once everything is sent: FIN, or RST when `abruptly`.
  public func close(abruptly: Bool = false) {
    let connection = connection
    state.loop.execute { [state] in state.close(connection, abruptly: abruptly) }
  }

  /// Waits until the client has closed the connection.
  public func closedByClient() async {
    await state.closure(of: connection)
  }

  static func encode(_ answer: ScriptedHTTPServer.Answer) -> [UInt8] {
    var head = "HTTP/1.1 \(answer.status) Scripted\r\nContent-Length: \(answer.body.count)\r\n"
    for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
    return Array((head + "\r\n").utf8) + answer.body
  }
}
