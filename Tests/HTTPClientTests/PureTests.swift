import Testing

@testable import HTTPClient

@Suite struct HTTPURLTests {
  @Test(arguments: [
    ("https://h", "https://h/"), ("HTTP://H:80/a%20b?q=1&r", "http://H:80/a%20b?q=1&r"),
    ("https://[::1]:6443/x/", "https://[::1]:6443/x/"), ("http://h?q", "http://h/?q"), ("https://h:/", "https://h/"),
  ])
  func parses(_ text: String, _ expected: String) throws {
    #expect(try HTTPURL(parsing: text).description == expected)
  }

  @Test(arguments: [
    "", "h", "//h", "ftp://h", "https://", "https:///x", "https://u:p@h", "https://h:0", "https://h:65536",
    "https://h:x", "https://h/ a", "https://h/#f", "https://h/\r\nX: y", "https://[::1", "https://[::1]x", "https://hé",
    "https://h%2f", "https://h\\x",
  ])
  func refuses(_ text: String) {
    let error = #expect(throws: HTTPClientError.self) { try HTTPURL(parsing: text) }
    #expect(error?.code == .invalidRequest)
    #expect(error?.mayHaveReachedServer == false)
  }

  @Test(arguments: [
    "https://u:secret@h", "u:secret@h", "ftp://u:secret@h", "https://u:secret @h", "https://u:secret@h#f",
    "https://[u:secret@h", "https://u:s@secret@h",
  ])
  func refusingNeverRepeatsAPassword(_ text: String) {
    let error = #expect(throws: HTTPClientError.self) { try HTTPURL(parsing: text) }
    #expect(error?.description.contains("secret") == false, "\(String(describing: error))")
  }

  @Test func appendsSegmentsAndQueriesEncoded() throws {
    let url = try HTTPURL(parsing: "https://h/base/").appending(["a/b", "c d", "é"]).with(query: [("k=", "v&w")])
    #expect(url.description == "https://h/base/a%2Fb/c%20d/%C3%A9?k%3D=v%26w")
    #expect(try HTTPURL(parsing: "https://h").with(query: []).query == nil)
  }
}

@Suite struct HTTPRequestTests {
  let url = HTTPURL(scheme: .http, host: "h")

  @Test func acceptsWhatIsAllowed() throws {
    try HTTPRequest(.patch, url, headers: ["X-A": "b\tc é", "Y": ""]).validate()
  }

  @Test func refusesWhatWouldBreakOutOfItsLine() {
    let wrong = [
      HTTPRequest(.get, url, headers: ["A": "b\r\nC: d"]), HTTPRequest(.get, url, headers: ["A": "b\u{0}"]),
      HTTPRequest(.get, url, headers: ["A B": "c"]), HTTPRequest(.get, url, headers: ["": "c"]),
      HTTPRequest(.get, url, headers: ["A:": "c"]), HTTPRequest(HTTPMethod(rawValue: "GET /"), url),
      HTTPRequest(.get, HTTPURL(scheme: .http, host: "h", path: "/a b")),
      HTTPRequest(.get, HTTPURL(scheme: .http, host: "h", path: "a")),
      HTTPRequest(.get, HTTPURL(scheme: .http, host: "h", query: "a#b")),
      HTTPRequest(.get, HTTPURL(scheme: .http, host: "h/x")), HTTPRequest(.get, HTTPURL(scheme: .http, host: "u@h")),
    ]
    for request in wrong {
      #expect(throws: HTTPClientError.self) { try request.validate() }
    }
  }

  @Test func millisecondsRoundUpAndStayInRange() {
    #expect(Duration.nanoseconds(1).milliseconds == 1)
    #expect(Duration.milliseconds(1500).milliseconds == 1500)
    #expect(Duration.zero.milliseconds == 0)
    #expect(Duration.seconds(Int64.max).milliseconds == Int(Int32.max))
  }
}

@Suite struct ResponseHeadParserTests {
  func parse(_ lines: [String]) -> [ResponseHeadParser.Outcome] {
    var parser = ResponseHeadParser()
    return lines.map { line in Array(line.utf8).withUnsafeBytes { parser.receive($0) } }
  }

  @Test func putsTheFinalHeadTogether() {
    let outcomes = parse([
      "HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n", "HTTP/2 200 \r\n",
      "a:1\r\n", "A: \t2 \r\n", "b:\r\n", "\r\n", "Trailer: ignored\r\n", "\r\n",
    ])
    let head = HTTPResponseHead(
      status: 200,
      headers: HTTPHeaders([.init(name: "a", value: "1"), .init(name: "A", value: "2"), .init(name: "b", value: "")]))
    #expect(outcomes.filter { $0 != .more } == [.complete(head)])
    #expect(head.headers.values("A") == ["1", "2"])
  }

  @Test(arguments: [
    ["HTTP/1.1 20 OK\r\n"], ["HTTP/1.1 abc\r\n"], ["HTTP/1.1\r\n"], ["HTTP/1.1 099 x\r\n"], ["\r\n"], ["A: b\r\n"],
    ["HTTP/1.1 200 OK\r\n", "no colon\r\n"], ["HTTP/1.1 200 OK\r\n", ": b\r\n"],
  ])
  func refuses(_ lines: [String]) {
    guard case .violation? = parse(lines).last else {
      Issue.record("accepted \(lines)")
      return
    }
  }

  @Test func limitsTheHeadAsAWhole() {
    let line = "A: " + String(repeating: "b", count: 1000) + "\r\n"
    let outcomes = parse(["HTTP/1.1 200 OK\r\n"] + Array(repeating: line, count: 300))
    guard case .violation? = outcomes.last else {
      Issue.record("accepted 300 kB")
      return
    }
  }

  @Test func takesBytesThatAreNoUTF8ForLatin1() {
    var parser = ResponseHeadParser()
    let line: [UInt8] = Array("A: ".utf8) + [0xe9, 0x0a]
    for part in [Array("HTTP/1.1 200 OK\n".utf8), line] { _ = part.withUnsafeBytes { parser.receive($0) } }
    guard case .complete(let head) = ([0x0a] as [UInt8]).withUnsafeBytes({ parser.receive($0) }) else {
      Issue.record("no head")
      return
    }
    #expect(head.headers["a"] == "é")
  }
}

@Suite struct StreamBufferTests {
  func bytes(_ count: Int) -> [UInt8] { Array(repeating: 1, count: count) }

  func receive(_ buffer: inout StreamBuffer<Int>, _ count: Int) -> StreamBuffer<Int>.Received {
    bytes(count).withUnsafeBytes { buffer.receive($0) }
  }

  @Test func handsEverythingUnreadOverAtOnce() {
    var buffer = StreamBuffer<Int>(capacity: 10)
    for _ in 0..<3 {
      guard case .stored = receive(&buffer, 2) else {
        Issue.record("not stored")
        return
      }
    }
    guard case .deliver(.success(let chunk)) = buffer.request(1) else {
      Issue.record("nothing delivered")
      return
    }
    #expect(chunk == bytes(6))
    guard case .wait = buffer.request(2) else {
      Issue.record("did not wait")
      return
    }
    guard case .refused = buffer.request(3) else {
      Issue.record("a second reader was let in")
      return
    }
    guard case .deliver(2, let later) = receive(&buffer, 4) else {
      Issue.record("reader not woken")
      return
    }
    #expect(later == bytes(4))
  }

  @Test func endsAfterWhatWasUnreadWithOrWithoutAnError() {
    for error in [nil, HTTPClientError(code: .connectionLost, message: "cut")] {
      var buffer = StreamBuffer<Int>(capacity: 10)
      _ = receive(&buffer, 3)
      let woken = buffer.finish(error)
      #expect(woken == nil)
      guard case .deliver(.success(let chunk)) = buffer.request(1) else {
        Issue.record("lost what came before the end")
        return
      }
      #expect(chunk == bytes(3))
      for _ in 0..<2 {
        guard case .deliver(let end) = buffer.request(1) else {
          Issue.record("did not end")
          return
        }
        #expect(end == (error.map { .failure($0) } ?? .success(nil)))
      }
      guard case .ignored = receive(&buffer, 1) else {
        Issue.record("took bytes after the end")
        return
      }
    }
  }

  @Test func wakesTheReaderAtTheEnd() {
    var buffer = StreamBuffer<Int>(capacity: 10)
    _ = buffer.request(7)
    guard let (reader, chunk) = buffer.finish(nil) else {
      Issue.record("reader not woken")
      return
    }
    #expect(reader == 7)
    #expect(chunk == .success(nil))
    let again = buffer.finish(nil)
    #expect(again == nil)
  }

  @Test func aReaderTooFarBehindFails() {
    var buffer = StreamBuffer<Int>(capacity: 10)
    _ = receive(&buffer, 10)
    guard case .overflow = receive(&buffer, 1) else {
      Issue.record("held more than its capacity")
      return
    }
    guard case .deliver(.failure(let error)) = buffer.request(1) else {
      Issue.record("did not fail")
      return
    }
    #expect(error.code == .tooLarge)
  }
}

@Suite struct TransportHealthTests {
  struct Row: Sendable {
    var name: String
    var timedOut = true
    var connected = true
    var bytes = 0
    var silence: Duration = .seconds(1)
    var current = true
    var replaces: Bool
  }

  @Test(arguments: [
    Row(name: "silence from the start", replaces: true),
    Row(name: "any other end", timedOut: false, replaces: false),
    Row(name: "never connected", connected: false, replaces: false),
    Row(name: "slow, but it flowed", bytes: 100, silence: .seconds(4), replaces: false),
    Row(name: "fell silent in the middle", bytes: 100, silence: .seconds(5), replaces: true),
    Row(name: "its transport is retired already", current: false, replaces: false),
  ])
  func decides(_ row: Row) {
    var health = TransportHealth()
    let action = health.observe(
      .init(
        timedOut: row.timedOut, wasConnected: row.connected, bytesReceived: row.bytes, silence: row.silence,
        isCurrentTransport: row.current))
    #expect((action == .replaceTransport) == row.replaces, "\(row.name)")
    #expect(health.replacements == (row.replaces ? 1 : 0))
  }
}
