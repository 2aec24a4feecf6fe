import Foundation
import HTTPClient
import LinuxIO
import RollbackTestKit
import Testing

/// What goes wrong on the way, and what is told of it.
@Suite(.timeLimit(.minutes(1)))
struct HTTPClientFailureTests {
  @Test func cancellingEndsTheRequestAndItsConnection() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      let task = Task { await failure { try await client.execute(HTTPRequest(.get, url)) } }
      let exchange = await server.next()
      task.cancel()
      let error = await task.value
      #expect(error?.code == .cancelled)
      #expect(error?.mayHaveReachedServer == true)
      await exchange.closedByClient()
      #expect(await client.statistics.requestsInFlight == 0)
      #expect(await client.statistics.failures == [.cancelled: 1])
    }
  }

  @Test func aCancelledTaskSendsNothing() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await failure { try await client.execute(HTTPRequest(.get, url)) }
      }
      let error = await task.value
      #expect(error?.code == .cancelled)
      #expect(error?.mayHaveReachedServer == false)
      #expect(await server.connectionsAccepted == 0)
    }
  }

  @Test func cancellingManyAtOnceLeavesTheOthersAlone() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      let doomed = (0..<10).map { _ in Task { await failure { try await client.execute(HTTPRequest(.get, url)) } } }
      var exchanges: [Exchange] = []
      for _ in 0..<10 { exchanges.append(await server.next()) }
      async let kept = client.execute(HTTPRequest(.get, url))
      let last = await server.next()
      for task in doomed { task.cancel() }
      for task in doomed { #expect(await task.value?.code == .cancelled) }
      last.respond(.init(text: "kept"))
      let response = try await kept
      #expect(response.body == Array("kept".utf8))
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", "HTTP/1.1 200 OK\r\nContent-Le",
    "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "",
  ])
  func anAnswerCutShortIsNoAnswer(_ bytes: String) async throws {
    for abruptly in [false, true] {
      try await withLoopback { client, server in
        let url = try server.url("/")
        async let failed = failure { try await client.execute(HTTPRequest(.get, url)) }
        let exchange = await server.next()
        exchange.send(bytes)
        exchange.close(abruptly: abruptly)
        let error = await failed
        #expect(error?.code == .connectionLost, "\(String(describing: error))")
        #expect(error?.mayHaveReachedServer == true)
      }
    }
  }

  @Test(arguments: ["nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "SSH-2.0-OpenSSH\r\n"])
  func whatIsNoHTTPIsNoAnswer(_ bytes: String) async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      async let failed = failure { try await client.execute(HTTPRequest(.get, url)) }
      (await server.next()).send(bytes)
      let error = await failed
      #expect(error?.code == .protocolViolation, "\(String(describing: error))")
    }
  }

  @Test func theSameAnswerWhereverItsBytesAreCut() async throws {
    let wire = Array(
      "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: r\r\n\r\n"
        .utf8)
    try await withLoopback { client, server in
      for cut in 1..<wire.count {
        async let answer = client.execute(HTTPRequest(.get, server.url("/")))
        let exchange = await server.next()
        // Byte by byte around the cut, so that no boundary is spared.
        exchange.send(Array(wire[..<cut]))
        for byte in wire[cut..<min(cut + 3, wire.count)] { exchange.send([byte]) }
        exchange.send(Array(wire[min(cut + 3, wire.count)...]))
        let response = try await answer
        #expect(response.body == Array("abcde".utf8))
        #expect(response.headers["A"] == "b")
        #expect(response.headers["Link"] == nil)
      }
      #expect(await server.connectionsAccepted == 1)
    }
  }

  @Test func bodiesBeyondTheLimitAreRefused() async throws {
    try await withLoopback { client, server in
      var request = HTTPRequest(.get, try server.url("/"))
      request.maximumBodySize = 1000
      for isChunked in [false, true] {
        let limited = request
        async let failed = failure { try await client.execute(limited) }
        let exchange = await server.next()
        if isChunked {
          exchange.respondChunked()
          for _ in 0..<11 { exchange.sendChunk([UInt8](repeating: 1, count: 100)) }
        } else {
          exchange.respond(.init(body: [UInt8](repeating: 1, count: 1001)))
        }
        let error = await failed
        #expect(error?.code == .tooLarge)
      }
      let exact = request
      async let fits = client.execute(exact)
      (await server.next()).respond(.init(body: [UInt8](repeating: 1, count: 1000)))
      let response = try await fits
      #expect(response.body.count == 1000)
    }
  }

  @Test func theLimitCountsDecompressedBytes() async throws {
    let bomb = try await Shell.run("head -c 10000000 /dev/zero | gzip -9")
    #expect(bomb.count < 20_000)
    try await withLoopback(
      answer: .each { request in
        #expect(request.header("Accept-Encoding") == "gzip")
        return .init(headers: [("Content-Encoding", "gzip")], body: bomb)
      }
    ) { client, server in
      var request = HTTPRequest(.get, try server.url("/"), acceptsCompression: true)
      request.maximumBodySize = 1 << 20
      let limited = request
      let error = await failure { try await client.execute(limited) }
      #expect(error?.code == .tooLarge)
      request.maximumBodySize = 10_000_000
      #expect(try await client.execute(request).body.count == 10_000_000)
    }
  }

  @Test func nobodyListeningIsARefusedConnectionAndNothingWasSent() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      await server.stop()
      let error = await failure { try await client.execute(HTTPRequest(.patch, url, body: [1])) }
      #expect(error?.code == .connect)
      #expect(error?.mayHaveReachedServer == false)
    }
  }

  @Test func anUnknownNameIsSaidSo() async throws {
    try await withLoopback { client, _ in
      let url = try HTTPURL(parsing: "http://no-such-host.invalid/")
      let error = await failure { try await client.execute(HTTPRequest(.get, url)) }
      #expect(error?.code == .nameResolution)
      #expect(error?.description.contains("no-such-host.invalid") == true)
    }
  }

  // MARK: Dead connections

  @Test func afterASilentTimeoutTheNextRequestUsesANewConnection() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      async let warm = client.execute(HTTPRequest(.get, url))
      (await server.next()).respond(.init(text: "warm"))
      _ = try await warm
      // The server is frozen: it takes the request and never answers.
      let timeouts = HTTPTimeouts(total: .milliseconds(200))
      async let failed = failure { try await client.execute(HTTPRequest(.get, url, timeouts: timeouts)) }
      let silent = await server.next()
      #expect(silent.connection == 1)
      let error = await failed
      #expect(error?.code == .timeout)
      #expect(error?.mayHaveReachedServer == true)
      #expect(await client.statistics.transportsReplaced == 1)
      async let next = client.execute(HTTPRequest(.get, url))
      let exchange = await server.next()
      #expect(exchange.connection == 2)
      exchange.respond(.init(text: "alive"))
      _ = try await next
    }
  }

  @Test func whatRunsOnARetiredTransportEndsInPeace() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      async let slow = client.execute(HTTPRequest(.get, url))
      let first = await server.next()
      let timeouts = HTTPTimeouts(total: .milliseconds(100))
      async let failed = failure { try await client.execute(HTTPRequest(.get, url, timeouts: timeouts)) }
      _ = await server.next()
      #expect(await failed?.code == .timeout)
      #expect(await client.statistics.transportsReplaced == 1)
      first.respond(.init(text: "late"))
      let response = try await slow
      #expect(response.body == Array("late".utf8))
    }
  }

  @Test func aStreamWithoutAByteForTooLongIsGivenUp() async throws {
    try await withLoopback { client, server in
      var request = HTTPRequest(.get, try server.url("/"))
      request.timeouts = HTTPTimeouts(total: nil, idle: .seconds(4))
      let watch = request
      async let opened = client.stream(watch)
      let exchange = await server.next()
      exchange.respondChunked()
      exchange.sendChunk("first")
      let stream = try await opened
      let chunks = stream.body.makeAsyncIterator()
      #expect(try await chunks.next() == Array("first".utf8))
      let error = await #expect(throws: HTTPClientError.self) { try await chunks.next() }
      #expect(error?.code == .timeout)
    }
  }

  // MARK: libcurl's hidden retry

  @Test func aWriteIsSentTwiceWhenItsPooledConnectionDiesAndOnceOnANewOne() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      async let warm = client.execute(HTTPRequest(.get, url))
      (await server.next()).respond(.init(text: "warm"))
      _ = try await warm
      async let hidden = client.execute(HTTPRequest(.patch, url, body: [1]))
      let first = await server.next()
      #expect(first.connection == 1)
      first.close()
      let second = await server.next()
      #expect(second.request.method == "PATCH" && second.connection == 2)
      second.respond(.init(text: "again"))
      _ = try await hidden
      // On a connection of its own it is not.
      async let failed = failure {
        try await client.execute(HTTPRequest(.patch, url, body: [1], requiresNewConnection: true))
      }
      let only = await server.next()
      #expect(only.connection == 3)
      only.close()
      let error = await failed
      #expect(error?.code == .connectionLost)
      #expect(error?.mayHaveReachedServer == true)
    }
  }

  /// The first copy may have been carried out, though what libcurl reports in the end is a refused connection.
  @Test func aWriteWhoseHiddenSecondCopyFindsNoConnectionMayHaveReachedTheServer() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      async let warm = client.execute(HTTPRequest(.get, url))
      (await server.next()).respond(.init(text: "warm"))
      _ = try await warm
      async let failed = failure { try await client.execute(HTTPRequest(.patch, url, body: [1])) }
      let first = await server.next()
      #expect(first.connection == 1)
      // Closes the listener and this connection.
      await server.stop()
      let error = await failed
      #expect(error?.code == .connect)
      #expect(error?.mayHaveReachedServer == true)
      let unsent = await failure { try await client.execute(HTTPRequest(.patch, url, body: [1])) }
      #expect(unsent?.code == .connect)
      #expect(unsent?.mayHaveReachedServer == false)
    }
  }

  // MARK: Streams

  @Test func aStreamArrivesAsItIsSent() async throws {
    try await withLoopback { client, server in
      async let opened = client.stream(HTTPRequest(.get, server.url("/"), timeouts: .watch))
      let exchange = await server.next()
      exchange.respondChunked(headers: [("A", "b")])
      let stream = try await opened
      #expect(stream.status == 200 && stream.headers["a"] == "b")
      let chunks = stream.body.makeAsyncIterator()
      for number in 0..<100 {
        exchange.sendChunk("event \(number)")
        #expect(try await chunks.next() == Array("event \(number)".utf8))
      }
      exchange.endChunks()
      #expect(try await chunks.next() == nil)
      #expect(try await chunks.next() == nil)
    }
  }

  @Test func lettingGoOfABodyEndsItsTransfer() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await client.stream(HTTPRequest(.get, url, timeouts: .watch)) }
        let exchange = await server.next()
        exchange.respondChunked()
        await exchange.closedByClient()
        try await group.waitForAll()
      }
      #expect(await client.statistics.requestsInFlight == 0)
    }
  }

  @Test func cancellingTheReaderEndsTheTransfer() async throws {
    try await withLoopback { client, server in
      async let opened = client.stream(HTTPRequest(.get, server.url("/"), timeouts: .watch))
      let exchange = await server.next()
      exchange.respondChunked()
      let body = try await opened.body
      let reader = Task { await failure { try await body.makeAsyncIterator().next() } }
      reader.cancel()
      #expect(await reader.value?.code == .cancelled)
      await exchange.closedByClient()
    }
  }

  @Test func aReaderTooFarBehindLosesItsStreamAndNothingElse() async throws {
    var configuration = HTTPClientConfiguration()
    configuration.streamBufferSize = 10_000
    try await withLoopback(configuration: configuration) { client, server in
      async let opened = client.stream(HTTPRequest(.get, server.url("/"), timeouts: .watch))
      let exchange = await server.next()
      exchange.respondChunked()
      let stream = try await opened
      exchange.sendChunk([UInt8](repeating: 1, count: 20_000))
      await exchange.closedByClient()
      let error = await #expect(throws: HTTPClientError.self) { for try await _ in stream.body {} }
      #expect(error?.code == .tooLarge)
    }
  }

  // MARK: The client's end and its limits

  @Test func shuttingDownEndsEverythingAndRefusesTheRest() async throws {
    try await withLoopback { client, server in
      let url = try server.url("/")
      async let failed = failure { try await client.execute(HTTPRequest(.get, url)) }
      async let opened = client.stream(HTTPRequest(.get, url, timeouts: .watch))
      for _ in 0..<2 {
        let exchange = await server.next()
        exchange.respondChunked()
      }
      let stream = try await opened
      await client.shutDown()
      #expect(await failed?.code == .shutDown)
      let error = await #expect(throws: HTTPClientError.self) { for try await _ in stream.body {} }
      #expect(error?.code == .shutDown)
      #expect(await failure { try await client.execute(HTTPRequest(.get, url)) }?.code == .shutDown)
    }
  }

  @Test func aClientThatIsLetGoOfClosesItsConnections() async throws {
    let serverLoop = try EventLoop.start(label: "server")
    let clientLoop = try EventLoop.start(label: "client")
    defer {
      serverLoop.end()
      clientLoop.end()
    }
    let server = try await ScriptedHTTPServer(on: serverLoop)
    let exchange: Exchange
    do {
      var configuration = HTTPClientConfiguration()
      configuration.proxy = .direct
      let client = try HTTPClient(loop: clientLoop, configuration: configuration)
      async let response = client.execute(HTTPRequest(.get, server.url("/")))
      exchange = await server.next()
      exchange.respond(.init(text: "x"))
      _ = try await response
    }
    await exchange.closedByClient()
    await server.stop()
  }

  @Test func opensNoMoreConnectionsThanItMay() async throws {
    var configuration = HTTPClientConfiguration()
    configuration.maximumConnections = 2
    try await withLoopback(configuration: configuration) { client, server in
      let url = try server.url("/")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<10 { group.addTask { _ = try await client.execute(HTTPRequest(.get, url)) } }
        for _ in 0..<10 { (await server.next()).respond(.init(text: "x")) }
        try await group.waitForAll()
      }
      #expect(await server.connectionsAccepted == 2)
    }
  }

  @Test func sendsHeadAndLargeBodies() async throws {
    let large = [UInt8](repeating: 7, count: 3_000_000)
    try await withLoopback(
      answer: .each { $0.method == "HEAD" ? .init(headers: [("X", "y")]) : .init(text: String($0.body.count)) }
    ) { client, server in
      let url = try server.url("/")
      let head = try await client.execute(HTTPRequest(.head, url))
      #expect(head.headers["X"] == "y" && head.body.isEmpty)
      for (method, body, expected) in [
        (HTTPMethod.put, large, "3000000"), (.post, [], "0"), (.delete, nil, "0"),
      ] as [(HTTPMethod, [UInt8]?, String)] {
        let response = try await client.execute(HTTPRequest(method, url, body: body))
        #expect(response.body == Array(expected.utf8))
      }
    }
  }

  @Test func refusesConfigurationsThatCannotWork() throws {
    let loop = try EventLoop.start(label: "unused")
    defer { loop.end() }
    var configurations = [HTTPClientConfiguration](repeating: .init(), count: 3)
    configurations[0].maximumConnections = 0
    configurations[1].streamBufferSize = 0
    configurations[2].proxy = .url("")
    for configuration in configurations {
      #expect(throws: HTTPClientError.self) { try HTTPClient(loop: loop, configuration: configuration) }
    }
  }
}
