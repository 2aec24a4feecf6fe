internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import NIOSSL

extension DevCluster {
  /// Serves until the task is cancelled. Throws where the address cannot be listened on.
  public func run() async throws {
    engine.start()
    defer {
      listening.end()
      engine.stop()
    }
    var logger = Logger(label: "development-cluster")
    // Hummingbird calls it an error that a connection is open when the server is cancelled.
    logger.logLevel = .critical
    let application = Application(
      responder: CallbackResponder { [self] request, context in try await respond(to: request, context) },
      server: try certificate.map { try .tls(.http1(), tlsConfiguration: $0.configuration) } ?? .http1(),
      configuration: .init(address: .hostname(configuration.host, port: configuration.port), serverName: nil),
      onServerRunning: { [listening] channel in listening.begin(port: channel.localAddress?.port ?? 0) },
      logger: logger)
    try await application.run()
  }

  /// Serves for as long as `body` takes, which is given the cluster once it listens.
  public static func with<Result: Sendable>(
    _ configuration: Configuration = Configuration(),
    _ body: @Sendable @escaping (DevCluster) async throws -> Result
  ) async throws -> Result {
    let cluster = try DevCluster(configuration)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try await cluster.run()
        return nil
      }
      group.addTask {
        _ = try await cluster.baseURL
        return try await body(cluster)
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw CancellationError()
    }
  }

  private func respond(to request: Request, _ context: ClusterContext) async throws -> Response {
    let body = try await request.body.collect(upTo: 8 * 1024 * 1024)
    let apiRequest = APIRequest(request, body: Array(body.readableBytesView))
    let outcome: ClusterEngine.Outcome
    if apiRequest.path.hasPrefix("/dev/") {
      outcome = .respond(control(apiRequest), nil)
    } else if let caller = caller(of: apiRequest) {
      outcome = engine.handle(apiRequest, from: caller)
    } else {
      outcome = .respond(APIResponse(.unauthorized), nil)
    }
    guard case .respond(let response, let stream) = outcome else {
      context.channel.close(promise: nil)
      return Response(status: .internalServerError)
    }
    if let delay = response.delay { try await Task.sleep(for: delay) }
    return Response(response, stream)
  }

  /// Who sends a request; `nil` for a token that is not known.
  private func caller(of request: APIRequest) -> Caller? {
    guard let authorization = request.authorization else { return certificate == nil ? .admin : .anonymous }
    if authorization == "Bearer \(token)" { return .admin }
    guard authorization.hasPrefix("Bearer ") else { return nil }
    let token = String(authorization.dropFirst(7))
    if let user = configuration.users[token] { return Caller(name: user.name, rules: user.rules) }
    return engine.administrator(token: token).map {
      Caller(name: $0, groups: Caller.admin.groups, rules: Caller.admin.rules)
    }
  }
}

/// A request's context that knows its connection, so that a fault can cut it.
struct ClusterContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

extension ServerCertificate {
  fileprivate var configuration: TLSConfiguration {
    get throws {
      .makeServerConfiguration(
        certificateChain: [.certificate(try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem))],
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
    }
  }
}

extension APIRequest {
  fileprivate init(_ request: Request, body: [UInt8]) {
    let target = request.head.path ?? "/"
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    method = request.method.rawValue
    path = Self.decoded(parts.first ?? "")
    for pair in (parts.dropFirst().first ?? "").split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = Self.decoded(sides[0].replacing("+", with: " "))
      if query[name] == nil {
        query[name] = sides.count > 1 ? Self.decoded(sides[1].replacing("+", with: " ")) : ""
      }
    }
    accept = request.headers[.accept] ?? ""
    contentType = request.headers[.contentType] ?? ""
    userAgent = request.headers[.userAgent] ?? ""
    authorization = request.headers[.authorization]
    self.body = body
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Response {
  fileprivate init(_ response: APIResponse, _ stream: AsyncStream<[UInt8]>?) {
    var headers = HTTPFields()
    headers[.contentType] = response.contentType
    for (name, value) in response.headers {
      if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
    }
    let status = HTTPResponse.Status(code: response.status)
    switch (response.body, stream) {
    case (.bytes(let bytes), _):
      self.init(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    case (.watch, let stream?):
      self.init(status: status, headers: headers, body: .init(asyncSequence: stream.map { ByteBuffer(bytes: $0) }))
    case (.watch, nil): self.init(status: status, headers: headers)
    }
  }
}
