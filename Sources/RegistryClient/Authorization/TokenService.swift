internal import FoundationEssentials
internal import HTTPClient

/// Where a registry hands out its tokens, by its Bearer challenge.
struct TokenService: Hashable, Sendable {
  var realm: HTTPURL
  var service: String?

  /// Why a realm is not followed; for people.
  struct Refusal: Error, Hashable {
    var reason: String
  }

  /// Checks the realm: credentials go to the registry's own host only, and over no worse a scheme.
  init(_ challenge: AuthenticationChallenge, of registry: HTTPURL) throws(Refusal) {
    guard let text = challenge.parameters["realm"], !text.isEmpty else {
      throw Refusal(reason: "it asks for a token without saying where to get one")
    }
    do throws(HTTPClientError) {
      realm = try HTTPURL(parsing: text)
    } catch {
      throw Refusal(reason: "the address of its token service is none: \(error.message)")
    }
    guard realm.host.lowercased() == registry.host.lowercased() else {
      throw Refusal(
        reason: "its token service is on another host, \(realm.authority), where no credentials are sent")
    }
    guard realm.scheme == .https || registry.scheme == .http else {
      throw Refusal(reason: "its token service has no TLS, so no credentials are sent there")
    }
    service = challenge.parameters["service"]
  }

  /// The address that gives a token for a scope, or, for an empty one, for nothing but to be known by (distribution's
  /// token specification, "Requesting a token").
  func url(scope: String) -> HTTPURL {
    var items: [(name: String, value: String)] = []
    if let service { items.append((name: "service", value: service)) }
    if !scope.isEmpty { items.append((name: "scope", value: scope)) }
    var url = realm.with(query: items)
    if let own = realm.query, !own.isEmpty { url.query = url.query.map { "\(own)&\($0)" } ?? own }
    return url
  }
}

/// A token, as the token service answers it.
struct RegistryToken: Hashable, Sendable {
  var token: String
  var lifetime: Duration

  /// Without a word about it a token lives 60 s (distribution's token specification).
  static let defaultLifetime = 60
  /// More than a day is not believed: a token is asked for again in a moment.
  private static let longestLifetime = 86_400

  private struct Body: Decodable {
    var token: String?
    var access_token: String?
    var expires_in: Double?
  }

  /// Nil when it is no token.
  init?(_ body: [UInt8]) {
    guard let read = try? JSONDecoder().decode(Body.self, from: Data(body)),
      let token = [read.token, read.access_token].compactMap({ $0 }).first(where: { !$0.isEmpty }),
      token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { return nil }
    self.token = token
    let seconds = read.expires_in ?? Double(Self.defaultLifetime)
    lifetime = .seconds(seconds.isFinite ? min(max(0, seconds), Double(Self.longestLifetime)) : 0)
  }
}
