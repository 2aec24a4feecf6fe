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
/// early. Pure.
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

  /// The server did not accept `rejected`. Ignored, and false, if others have been read since.
  mutating func reject(_ rejected: Credentials) -> Bool {
    guard credentials == rejected else { return false }
    isRejected = true
    return true
  }
}

/// What a plugin gave, until it expires. Pure.
struct PluginAnswer: Sendable {
  private var answer: ExecCredential?
  private var usableUntil: Duration?

  init() {}

  /// The answer if it may still be used at `now`, and for how much longer; nil inside for ever.
  func current(at now: Duration) -> (ExecCredential, remaining: Duration?)? {
    guard let answer else { return nil }
    guard let usableUntil else { return (answer, nil) }
    return now < usableUntil ? (answer, usableUntil - now) : nil
  }

  /// Remembers what was given at `now`, for `lifetime`; nil for ever.
  mutating func store(_ answer: ExecCredential, for lifetime: Duration?, at now: Duration) {
    self.answer = answer
    usableUntil = lifetime.map { now + $0 }
  }
}
