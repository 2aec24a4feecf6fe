public import HTTPClient
public import LinuxIO
internal import Locking
public import Logging

/// Asks registries about images: Harbor, or any that speaks the OCI distribution specification.
///
/// Questions are HEAD requests, which Harbor does not count as pulls but answers by the same policies; so retention by
/// pull time is left alone. A question never throws: not knowing is one of its answers, and it comes by the deadline that
/// was given, as a rule ``deadline``. May be called from any task.
public final class RegistryClient: Sendable {
  public let configuration: RegistryClientConfiguration

  let http: HTTPClient
  let time: RegistryTime
  let memory = Locked(AuthorizationMemory())
  private let log: Logger

  /// Starts nothing; connections are made by the first question. Throws `.invalidRequest` for settings that cannot work.
  public init(
    _ configuration: RegistryClientConfiguration, loop: EventLoop, time: RegistryTime, log: Logger
  ) throws(HTTPClientError) {
    self.configuration = configuration
    self.time = time
    self.log = log
    var http = HTTPClientConfiguration()
    http.userAgent = configuration.userAgent
    http.tls.trust = configuration.trust
    http.proxy = configuration.proxy
    self.http = try HTTPClient(loop: loop, configuration: http)
  }

  /// Ends everything in flight and closes every connection.
  public func shutDown() async {
    await http.shutDown()
  }

  /// ``RegistryClientConfiguration/timeout`` from now: the deadline that questions about one image share.
  public var deadline: Duration { time.elapsed() + configuration.timeout }

  /// Whether the image is there and may be pulled.
  ///
  /// With a recorded digest that one is asked for, and the tag too, to see whether it was pushed again: at once where
  /// it is known how the registry wants to be authenticated to, else one after the other, so that a token is got once.
  /// - Parameter deadline: on ``time``'s clock; ``deadline`` where none is given.
  public func ask(_ question: ManifestQuestion, by deadline: Duration? = nil) async -> ManifestVerdict {
    guard let place = configuration.map.location(of: question.repository) else { return .notMapped }
    let deadline = deadline ?? self.deadline
    let name = place.registry.authority
    guard let digest = question.digest else {
      let answer = await answer(place, question.tag ?? "latest", digest: nil, by: deadline)
      return ManifestVerdict(answer, registry: name)
    }
    guard let tag = question.tag else {
      return ManifestVerdict(await answer(place, digest, digest: digest, by: deadline), registry: name)
    }
    if isWarm(place) {
      async let ofTag = answer(place, tag, digest: nil, by: deadline)
      let ofDigest = await answer(place, digest, digest: digest, by: deadline)
      return ManifestVerdict(digest: ofDigest, tag: await ofTag, registry: name)
    }
    let ofDigest = await answer(place, digest, digest: digest, by: deadline)
    guard case .present = ofDigest else { return ManifestVerdict(ofDigest, registry: name) }
    let ofTag = await answer(place, tag, digest: nil, by: deadline)
    return ManifestVerdict(digest: ofDigest, tag: ofTag, registry: name)
  }

  /// Whether the next question about that repository needs no more than its own round trip.
  private func isWarm(_ place: RepositoryLocation) -> Bool {
    memory.withLock { memory in
      switch memory.manner(of: place.registry) {
      case nil: false
      case .some(.none), .basic: true
      case .bearer: memory.token(for: place.pullScope, of: place.registry, at: time.elapsed()) != nil
      }
    }
  }

  private func answer(
    _ place: RepositoryLocation, _ reference: String, digest: String?, by deadline: Duration
  ) async -> ManifestAnswer {
    let url = place.manifest(reference)
    let exchange = RegistryExchange(
      registry: place.registry, scope: place.pullScope, deadline: deadline, now: time.elapsed())
    var response: HTTPResponse
    switch await send(.head, url, exchange) {
    case .success(let answered): response = answered
    case .failure(let failure): return report(failure.answer, url, nil)
    }
    if ManifestAnswer.needsExplanation(response.status),
      case .success(let explained) = await send(.get, url, exchange)
    {
      response = explained
    }
    return report(ManifestAnswer(response, askedFor: digest), url, response)
  }

  /// Logs what is not as it should be, with the id by which the registry's own log tells more.
  private func report(_ answer: ManifestAnswer, _ url: HTTPURL, _ response: HTTPResponse?) -> ManifestAnswer {
    if case .present = answer { return answer }
    var metadata: Logger.Metadata = ["manifest": "\(url)", "answer": "\(answer)"]
    if let response { metadata["status"] = "\(response.status)" }
    if let id = response?.headers["X-Request-Id"] { metadata["registry_request_id"] = "\(id.prefix(128))" }
    log.notice("the registry does not confirm an image", metadata: metadata)
    return answer
  }
}
