internal import HTTPClient

/// What one request is sent with.
struct Credentials: Sendable, Hashable {
  var tls: TLSConfiguration
  /// The token of `Authorization: Bearer`.
  var bearerToken: String?

  init(tls: TLSConfiguration, bearerToken: String? = nil) {
    self.tls = tls
    self.bearerToken = bearerToken
  }
}

/// How long credentials that were read are used, as client-go does it: files are read again each minute, ten seconds
/// early; what a plugin gave holds until it expires. Pure.
struct CredentialCache: Sendable {
  private var credentials: Credentials?
  private var usableUntil: Duration?
  private var isRejected = false

  init() {}

  static let fileLifetime: Duration = .seconds(50)

  /// The credentials, if they may still be used at `now`.
  func current(at now: Duration) -> Credentials? {
    guard let credentials, !isRejected else { return nil }
    if let usableUntil, now >= usableUntil { return nil }
    return credentials
  }

  /// The last ones that were good, to go on with when reading them again fails. Those which the server rejected are not.
  var fallback: Credentials? { isRejected ? nil : credentials }

  /// Remembers what was read at `now`, for `lifetime`; nil for ever.
  mutating func store(_ credentials: Credentials, for lifetime: Duration?, at now: Duration) {
    self.credentials = credentials
    usableUntil = lifetime.map { now + $0 }
    isRejected = false
  }

  /// Reading failed at `now`: the old ones go on for a while.
  mutating func extend(for lifetime: Duration, at now: Duration) {
    usableUntil = now + lifetime
  }

  /// The server did not accept `rejected`. Ignored if others have been read since.
  mutating func reject(_ rejected: Credentials) {
    if credentials == rejected { isRejected = true }
  }
}
