internal import HTTPClient
internal import Locking

/// What all requests of one question to one registry share.
struct RegistryExchange: Sendable {
  var registry: HTTPURL
  /// What a token must allow; empty for none.
  var scope: String
  /// On the scale of the client's time.
  var deadline: Duration
  /// How long it had when it began: less than the whole time where an earlier question shares it.
  var patience: Duration

  init(registry: HTTPURL, scope: String, deadline: Duration, now: Duration) {
    self.registry = registry
    self.scope = scope
    self.deadline = deadline
    patience = deadline - now
  }

  /// What became of it when nothing came, in tenths of a second, rounded up.
  var late: String {
    let (seconds, attoseconds) = max(.zero, patience).components
    let tenth: Int64 = 100_000_000_000_000_000
    let tenths = seconds * 10 + (attoseconds + tenth - 1) / tenth
    return "no answer within \(tenths / 10)" + (tenths % 10 == 0 ? " s" : ".\(tenths % 10) s")
  }
}

/// Why a registry gave no answer to work with.
struct RegistryFailure: Error, Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case unauthorized, unknown
  }

  var kind: Kind
  /// A clause, without the registry's name.
  var reason: String

  var answer: ManifestAnswer { kind == .unauthorized ? .unauthorized(reason) : .unknown(reason) }

  static func unknown(_ reason: String) -> RegistryFailure { RegistryFailure(kind: .unknown, reason: reason) }
}

extension RegistryClient {
  /// Sends a request, authorized as the registry wants it. Its challenge is answered once; asked to wait, it waits once,
  /// when that fits into the time.
  func send(
    _ method: HTTPMethod, _ url: HTTPURL, _ exchange: RegistryExchange, maximumBodySize: Int = 64 << 10
  ) async -> Result<HTTPResponse, RegistryFailure> {
    var course = AuthorizationCourse(
      registry: exchange.registry, scope: exchange.scope, login: configuration.credentials[exchange.registry])
    var step = memory.withLock { course.begin($0, at: time.elapsed()) }
    var hasWaited = false
    do throws(RegistryFailure) {
      while true {
        switch step {
        case .refused(let why):
          throw RegistryFailure(kind: .unauthorized, reason: why)
        case .fetchToken(let service, let scope, let login):
          let token = try await token(service, scope: scope, login, refusal: course.refusal, exchange)
          step = memory.withLock { course.received(token, &$0, at: time.elapsed()) }
        case .send(let authorization):
          var request = HTTPRequest(method, url, headers: ["Accept": ManifestAnswer.accept])
          request.headers["Authorization"] = authorization.header
          request.maximumBodySize = maximumBodySize
          let response = try await execute(request, exchange)
          if response.status == 401 {
            step = memory.withLock { course.challenged(response.headers.values("WWW-Authenticate"), &$0) }
          } else if !hasWaited, let pause = Self.pause(response), time.elapsed() + pause < exchange.deadline {
            hasWaited = true
            try await wait(pause)
          } else {
            if authorization == .none { noteOpen(exchange.registry) }
            return .success(response)
          }
        }
      }
    } catch {
      return .failure(error)
    }
  }

  /// Gets a token (distribution's token specification; Harbor's `/service/token`).
  private func token(
    _ service: TokenService, scope: String, _ login: RegistryCredentials.Login?, refusal: String,
    _ exchange: RegistryExchange
  ) async throws(RegistryFailure) -> RegistryToken {
    var request = HTTPRequest(.get, service.url(scope: scope), headers: ["Accept": "application/json"])
    request.headers["Authorization"] = login?.basic
    request.maximumBodySize = 64 << 10
    let response = try await execute(request, exchange)
    switch response.status {
    case 200:
      guard let token = RegistryToken(response.body) else {
        throw .unknown("its token service answers without a token")
      }
      return token
    case 401, 403: throw RegistryFailure(kind: .unauthorized, reason: refusal)
    default: throw .unknown("its token service answers \(response.status)")
    }
  }

  /// One round trip within what is left of the time. A registry that falls silent is noticed by the HTTP client, which
  /// makes a new connection next time.
  private func execute(
    _ request: HTTPRequest, _ exchange: RegistryExchange
  ) async throws(RegistryFailure) -> HTTPResponse {
    let left = exchange.deadline - time.elapsed()
    guard left > .zero else { throw .unknown(exchange.late) }
    var request = request
    request.timeouts = HTTPTimeouts(connect: left, total: left)
    do throws(HTTPClientError) {
      return try await http.execute(request)
    } catch {
      // The message begins with the host, which whoever reads it knows already.
      let detail = error.message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? error.message
      switch error.code {
      case .timeout: throw .unknown(exchange.late)
      case .tls: throw .unknown("there is no TLS connection to trust: \(detail)")
      case .cancelled, .shutDown: throw .unknown("the question was given up")
      default: throw .unknown(detail)
      }
    }
  }

  private func wait(_ pause: Duration) async throws(RegistryFailure) {
    do {
      try await time.sleep(pause)
    } catch {
      throw .unknown("the question was given up")
    }
  }

  /// For how long it asks to be left alone (RFC 9110, section 10.2.3); only seconds, as registries send them.
  private static func pause(_ response: HTTPResponse) -> Duration? {
    guard [429, 503].contains(response.status), let text = response.headers["Retry-After"],
      let seconds = Int64(text), (0...3600).contains(seconds)
    else { return nil }
    return .seconds(seconds)
  }

  private func noteOpen(_ registry: HTTPURL) {
    memory.withLock { memory in
      if memory.manner(of: registry) == nil { memory.note(.none, of: registry) }
    }
  }
}
