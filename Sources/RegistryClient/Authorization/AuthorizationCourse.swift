internal import HTTPClient

/// Decides how one request is authorized: what to send, whether to get a token, when to give up.
///
/// A first refusal is answered once, by what the challenge asks for; a second is final, because a token may grant less
/// than was asked for, and expired, disabled and wrong all look alike. Pure.
struct AuthorizationCourse {
  /// What goes into the `Authorization` header.
  enum Authorization: Hashable, Sendable {
    case none
    case basic(RegistryCredentials.Login)
    case bearer(String)

    var header: String? {
      switch self {
      case .none: nil
      case .basic(let login): login.basic
      case .bearer(let token): "Bearer \(token)"
      }
    }
  }

  enum Step: Hashable, Sendable {
    case send(Authorization)
    /// Get a token there, with the login where there is one; then tell `received`.
    case fetchToken(TokenService, scope: String, RegistryCredentials.Login?)
    /// It will not let us; the reason is for people, as a clause.
    case refused(String)
  }

  let registry: HTTPURL
  let scope: String
  private let login: RegistryCredentials.Login?
  private var sent = Authorization.none
  private var hasAnsweredChallenge = false
  private var service: TokenService?

  init(registry: HTTPURL, scope: String, login: RegistryCredentials.Login?) {
    self.registry = registry
    self.scope = scope
    self.login = login
  }

  /// The first step, by what is remembered.
  mutating func begin(_ memory: AuthorizationMemory, at now: Duration) -> Step {
    switch memory.manner(of: registry) {
    case nil, .some(.none): return send(.none)
    case .basic: return send(login.map(Authorization.basic) ?? .none)
    case .bearer(let service):
      self.service = service
      if let token = memory.token(for: scope, of: registry, at: now) { return send(.bearer(token)) }
      return .fetchToken(service, scope: scope, login)
    }
  }

  /// The request was answered with 401 and these `WWW-Authenticate` values.
  mutating func challenged(_ values: [String], _ memory: inout AuthorizationMemory) -> Step {
    if case .bearer(let token) = sent { memory.drop(token, for: scope, of: registry) }
    guard !hasAnsweredChallenge else { return .refused(refusal) }
    hasAnsweredChallenge = true
    let challenges = AuthenticationChallenge.parse(values)
    if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
      do throws(TokenService.Refusal) {
        let service = try TokenService(bearer, of: registry)
        self.service = service
        memory.note(.bearer(service), of: registry)
        return .fetchToken(service, scope: scope, login)
      } catch {
        return .refused(error.reason)
      }
    }
    // Harbor answers a token that it does not take any more by a challenge for Basic, whatever it took before.
    if case .bearer = sent, let service { return .fetchToken(service, scope: scope, login) }
    guard challenges.contains(where: { $0.scheme == "basic" }), let login else { return .refused(refusal) }
    if case .basic = sent { return .refused(refusal) }
    memory.note(.basic, of: registry)
    return send(.basic(login))
  }

  /// A token came.
  mutating func received(_ token: RegistryToken, _ memory: inout AuthorizationMemory, at now: Duration) -> Step {
    memory.keep(token, for: scope, of: registry, at: now)
    return send(.bearer(token.token))
  }

  /// The token service itself refused.
  var refusal: String {
    login.map { "it refuses the credentials of \($0.name)" } ?? "it wants credentials, and none are configured for it"
  }

  private mutating func send(_ authorization: Authorization) -> Step {
    sent = authorization
    return .send(authorization)
  }
}
