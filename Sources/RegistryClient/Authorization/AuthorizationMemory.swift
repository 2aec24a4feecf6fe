internal import HTTPClient

/// What is remembered of authorization between questions: how each registry wants it, and tokens that still live. Pure.
struct AuthorizationMemory: Sendable {
  /// How a registry was last seen to want it.
  enum Manner: Hashable, Sendable {
    case none
    case basic
    case bearer(TokenService)
  }

  private struct Key: Hashable {
    var registry: HTTPURL
    var scope: String
  }

  private struct Entry {
    var token: String
    /// From here on it is not used any more.
    var staleAt: Duration
  }

  /// A token is for one repository; more than this many are not kept.
  static let capacity = 256
  /// So long before its end a token is asked for again, so that it does not expire under way: the fifth part of its
  /// life, at most this.
  static let leeway = Duration.seconds(10)

  private var manners: [HTTPURL: Manner] = [:]
  private var tokens: [Key: Entry] = [:]

  func manner(of registry: HTTPURL) -> Manner? { manners[registry] }

  mutating func note(_ manner: Manner, of registry: HTTPURL) {
    manners[registry] = manner
  }

  /// A token that lives at `now`, on the same scale as it was kept by.
  func token(for scope: String, of registry: HTTPURL, at now: Duration) -> String? {
    guard let entry = tokens[Key(registry: registry, scope: scope)], entry.staleAt > now else { return nil }
    return entry.token
  }

  mutating func keep(_ token: RegistryToken, for scope: String, of registry: HTTPURL, at now: Duration) {
    if tokens.count >= Self.capacity {
      tokens = tokens.filter { $0.value.staleAt > now }
      if tokens.count >= Self.capacity, let first = tokens.min(by: { $0.value.staleAt < $1.value.staleAt })?.key {
        tokens[first] = nil
      }
    }
    let leeway = min(Self.leeway, token.lifetime / 5)
    tokens[Key(registry: registry, scope: scope)] = Entry(
      token: token.token, staleAt: now + token.lifetime - leeway)
  }

  /// Forgets a token that was refused, unless another has taken its place.
  mutating func drop(_ token: String, for scope: String, of registry: HTTPURL) {
    let key = Key(registry: registry, scope: scope)
    if tokens[key]?.token == token { tokens[key] = nil }
  }
}
