internal import HTTPClient
internal import KubernetesObjects
internal import Locking

/// Keeps the credentials of one ``ClusterAccess`` fresh: re-reads files, runs the plugin, forgets what was rejected.
final class Authenticator: Sendable {
  private let access: ClusterAccess
  private let time: KubernetesTime
  private let cache = Locked(CredentialCache())
  /// What the plugin gave, apart from the files, which are read far more often than a plugin is to be run.
  private let given = Locked(PluginAnswer())
  /// One refresh at a time: a plugin may open a browser, or count its calls.
  private let refreshing = AsyncLock()

  init(access: ClusterAccess, time: KubernetesTime) {
    self.access = access
    self.time = time
  }

  /// The credentials to use now; suspends while they are read. When reading them again fails, the old ones are used on.
  ///
  /// - Throws: `.credentials`; `.cancelled` when the task was cancelled meanwhile, which says nothing about them.
  func credentials() async throws(KubernetesError) -> Credentials {
    if let current = cached() { return current }
    return try await refreshing.withLock { () throws(KubernetesError) in
      // Whoever held the lock may have done the work.
      if let current = cached() { return current }
      do throws(KubernetesError) {
        let (credentials, lifetime) = try await read()
        let now = time.elapsed()
        cache.withLock { $0.store(credentials, for: lifetime, at: now) }
        return credentials
      } catch {
        if error.code == .cancelled { throw error }
        let now = time.elapsed()
        let fallback = cache.withLock { cache in
          cache.extend(for: CredentialCache.fileLifetime, at: now)
          return cache.fallback
        }
        guard let fallback else { throw error }
        return fallback
      }
    }
  }

  /// The server refused `credentials`, or its certificate did not match them. True when reading them again may help.
  func rejected(_ credentials: Credentials) -> Bool {
    guard canChange else { return false }
    if cache.withLock({ $0.reject(credentials) }) { given.withLock { $0 = PluginAnswer() } }
    return true
  }

  private func cached() -> Credentials? {
    let now = time.elapsed()
    return cache.withLock { $0.current(at: now) }
  }

  private var canChange: Bool { readsFiles || access.user.exec != nil }

  private var readsFiles: Bool {
    let sources = [access.user.clientCertificate, access.user.clientKey, authorities]
    return access.user.tokenFile != nil || sources.contains { if case .file = $0 { true } else { false } }
  }

  private var authorities: ClusterAccess.PEM? {
    if case .authorities(let pem) = access.trust { pem } else { nil }
  }

  private func read() async throws(KubernetesError) -> (Credentials, lifetime: Duration?) {
    var tls = TLSConfiguration(serverName: access.tlsServerName)
    switch access.trust {
    case .system: tls.trust = .system
    case .anyone: tls.trust = .anyone
    case .authorities(let pem): tls.trust = .authorities(pem: try await bytes(pem))
    }
    if let certificate = access.user.clientCertificate, let key = access.user.clientKey {
      tls.identity = .init(certificatePEM: try await bytes(certificate), privateKeyPEM: try await bytes(key))
    }
    var credentials = Credentials(tls: tls, bearerToken: try await token())
    var lifetime: Duration? = readsFiles ? CredentialCache.fileLifetime : nil
    // What is given outright wins over the plugin (client-go: an Authorization header that is there is left alone).
    if let exec = access.user.exec, credentials.bearerToken == nil {
      var authorities: [UInt8]?
      if case .authorities(let pem) = tls.trust { authorities = pem }
      let (given, remaining) = try await ask(exec, authorities)
      credentials.bearerToken = given.token
      if let identity = given.identity { credentials.tls.identity = identity }
      if let remaining { lifetime = min(lifetime ?? remaining, remaining) }
    }
    return (credentials, lifetime)
  }

  /// What the plugin gave, and for how long it may be used; the plugin is run only where that is over.
  private func ask(
    _ plugin: ExecPlugin, _ authorities: [UInt8]?
  ) async throws(KubernetesError) -> (ExecCredential, lifetime: Duration?) {
    let now = time.elapsed()
    if let (answer, remaining) = given.withLock({ $0.current(at: now) }) { return (answer, remaining) }
    let answer = try await ExecPluginRunner(plugin: plugin, access: access).run(authorities: authorities)
    let remaining = answer.expiration.map { max(.zero, $0.since(time.wallClock()) - .seconds(10)) }
    let then = time.elapsed()
    given.withLock { $0.store(answer, for: remaining, at: then) }
    return (answer, remaining)
  }

  private func token() async throws(KubernetesError) -> String? {
    guard let path = access.user.tokenFile else { return access.user.token }
    let text = String(decoding: try await CredentialFile.read(path), as: UTF8.self)
    let token = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    guard !token.isEmpty else {
      throw KubernetesError(code: .credentials, message: "the token file \(path) is empty")
    }
    return token
  }

  private func bytes(_ pem: ClusterAccess.PEM) async throws(KubernetesError) -> [UInt8] {
    switch pem {
    case .data(let bytes): bytes
    case .file(let path): try await CredentialFile.read(path)
    }
  }
}
