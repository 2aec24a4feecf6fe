internal import FoundationEssentials
public import HTTPClient
internal import KubernetesObjects
public import LinuxIO
internal import Locking

/// A client of one cluster's API server.
///
/// Its methods may be called from any task and suspend until the answer is there or the task is cancelled. Retries
/// follow ``RetryPolicy``; a 401 makes it read the credentials again, once. Where answers are decoded is where the
/// caller runs.
public final class KubernetesClient: Sendable {
  public let access: ClusterAccess
  public let configuration: KubernetesClientConfiguration

  private let http: HTTPClient
  /// A watch keeps its connection for minutes: a PATCH must not have to wait for it.
  private let watching: HTTPClient
  let time: KubernetesTime
  private let authenticator: Authenticator

  /// Starts nothing. Throws `.invalid` for settings that cannot work; credentials are read with the first request.
  public init(
    access: ClusterAccess, loop: EventLoop, configuration: KubernetesClientConfiguration = .init(),
    time: KubernetesTime = KubernetesTime(clock: ContinuousClock())
  ) throws(KubernetesError) {
    self.access = access
    self.configuration = configuration
    self.time = time
    authenticator = Authenticator(access: access, time: time)
    var http = configuration.http
    http.userAgent = configuration.userAgent
    http.proxy = access.proxy
    var watching = http
    watching.maximumConnections = configuration.maximumWatches
    do throws(HTTPClientError) {
      self.http = try HTTPClient(loop: loop, configuration: http)
      self.watching = try HTTPClient(loop: loop, configuration: watching)
    } catch {
      throw KubernetesError(error, request: "the HTTP client")
    }
  }

  /// Ends everything in flight and closes every connection.
  public func shutDown() async {
    await watching.shutDown()
    await http.shutDown()
  }

  /// The counters of the HTTP client for watches, and of the one for everything else.
  public var statistics: (requests: HTTPClientStatistics, watches: HTTPClientStatistics) {
    get async { (await http.statistics, await watching.statistics) }
  }

  // MARK: Sending

  /// Sends a request until it is answered with success or the policy gives up; returns only 2xx answers.
  func send(_ request: HTTPRequest) async throws(KubernetesError) -> HTTPResponse {
    let name = "\(request.method.rawValue) \(request.url.path)"
    var attempt = 0
    var refresh = RefreshOnce()
    while true {
      let credentials = try await authenticator.credentials()
      let outcome: RetryPolicy.Outcome
      let failure: KubernetesError
      do throws(HTTPClientError) {
        let response = try await http.execute(authorized(request, credentials), tls: credentials.tls)
        if (200..<300).contains(response.status) { return response }
        failure = KubernetesError(response, request: name)
        outcome = .answer(status: response.status, retryAfter: failure.retryAfter)
      } catch {
        failure = KubernetesError(error, request: name)
        outcome = .transport(error)
      }
      if refresh.helps(against: failure, of: request, rejecting: credentials, authenticator) { continue }
      switch configuration.retryPolicy.decide(
        after: attempt, method: request.method, outcome: outcome, random: time.random())
      {
      case .giveUp: throw failure
      case .retry(let delay): try await pause(delay, request: name)
      }
      attempt += 1
    }
  }

  /// Opens a watch; returns only 2xx answers. Without retries: whoever watches has a better policy.
  func open(_ request: HTTPRequest) async throws(KubernetesError) -> HTTPStreamingResponse {
    let name = "\(request.method.rawValue) \(request.url.path)"
    var refresh = RefreshOnce()
    while true {
      let credentials = try await authenticator.credentials()
      let failure: KubernetesError
      do throws(HTTPClientError) {
        let response = try await watching.stream(authorized(request, credentials), tls: credentials.tls)
        if (200..<300).contains(response.status) { return response }
        failure = KubernetesError(try await collect(response), request: name)
      } catch {
        failure = KubernetesError(error, request: name)
      }
      if refresh.helps(against: failure, of: request, rejecting: credentials, authenticator) { continue }
      throw failure
    }
  }

  /// The body of a refusal, of which a megabyte is plenty.
  private func collect(_ response: HTTPStreamingResponse) async throws(HTTPClientError) -> HTTPResponse {
    var body: [UInt8] = []
    for try await chunk in response.body where body.count < 1 << 20 { body += chunk }
    return HTTPResponse(head: response.head, body: body)
  }

  private func authorized(_ request: HTTPRequest, _ credentials: Credentials) -> HTTPRequest {
    var request = request
    if let token = credentials.bearerToken { request.headers["Authorization"] = "Bearer \(token)" }
    if let impersonation = access.user.impersonation { request.headers.add(impersonation) }
    return request
  }

  private func pause(_ delay: Duration, request: String) async throws(KubernetesError) {
    do {
      try await time.sleep(delay)
    } catch {
      throw KubernetesError(code: .cancelled, message: "\(request): the task was cancelled")
    }
  }

  func request(
    _ method: HTTPMethod, _ url: HTTPURL, body: [UInt8]? = nil, contentType: String? = nil
  ) -> HTTPRequest {
    var request = HTTPRequest(
      method, url, headers: ["Accept": "application/json"], body: body, timeouts: configuration.timeouts,
      maximumBodySize: configuration.maximumBodySize, acceptsCompression: !access.disablesCompression)
    request.headers["Content-Type"] = contentType
    return request
  }

  func decode<Value: Decodable>(
    _ type: Value.Type, from response: HTTPResponse, request: String
  ) throws(KubernetesError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(response.body))
    } catch {
      throw .malformed("the answer is not a whole \(type): \(error)", request: request)
    }
  }
}

/// Reading the credentials again is tried once for each request.
private struct RefreshOnce {
  private var isUsed = false

  init() {}

  mutating func helps(
    against failure: KubernetesError, of request: HTTPRequest, rejecting credentials: Credentials,
    _ authenticator: Authenticator
  ) -> Bool {
    guard !isUsed, failure.code == .unauthorized || failure.code == .tls else { return false }
    isUsed = true
    guard authenticator.rejected(credentials) else { return false }
    // A write that left on a pooled connection before the new one was refused may have been carried out.
    return request.method == .get || failure.transport?.mayHaveReachedServer != true
  }
}

extension HTTPHeaders {
  mutating func add(_ impersonation: ClusterAccess.Impersonation) {
    self["Impersonate-User"] = impersonation.user
    self["Impersonate-Uid"] = impersonation.uid
    for group in impersonation.groups { add("Impersonate-Group", group) }
    for (key, values) in impersonation.extra.sorted(by: { $0.key < $1.key }) {
      for value in values { add("Impersonate-Extra-\(PercentEncoding.encode(key))", value) }
    }
  }
}
