internal import FoundationEssentials
public import HTTPClient

/// Names and passwords by registry, as `docker login` keeps them.
public struct RegistryCredentials: Sendable, Hashable {
  /// One name and its password; for Harbor mostly a robot's, `robot$project+name`.
  public struct Login: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    public var name: String
    public var password: String

    public init(name: String, password: String) {
      self.name = name
      self.password = password
    }

    /// The `Authorization` header (RFC 7617).
    var basic: String { "Basic " + Data("\(name):\(password)".utf8).base64EncodedString() }

    /// Never the password.
    public var description: String { name }
    public var debugDescription: String { name }
  }

  /// By host, with the port where one is named, in lower case.
  private var logins: [String: Login]

  public init(_ logins: [String: Login] = [:]) {
    self.logins = logins
  }

  /// Reads a file in the form of Docker's `config.json`, which a Kubernetes secret of type
  /// `kubernetes.io/dockerconfigjson` holds too: `{"auths": {"harbor.example": {"auth": "BASE64"}}}`, or `username` and
  /// `password` instead of `auth`.
  ///
  /// - Throws: `RegistryCredentialsError`, which never quotes the file.
  public init(dockerConfiguration bytes: [UInt8]) throws(RegistryCredentialsError) {
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: Data(bytes))
    } catch {
      throw RegistryCredentialsError("expected JSON such as {\"auths\": {\"harbor.example\": {\"auth\": \"…\"}}}")
    }
    logins = [:]
    for (address, entry) in file.auths {
      let host = Self.host(address)
      guard !host.isEmpty else { throw RegistryCredentialsError("\"\(address)\" names no registry") }
      logins[host] = try Self.login(entry, for: host)
    }
  }

  /// The login for a registry; nil when there is none.
  public subscript(_ registry: HTTPURL) -> Login? {
    let host = registry.host.contains(":") ? "[\(registry.host)]" : registry.host
    return logins["\(host):\(registry.effectivePort)".lowercased()]
      ?? (registry.port == nil || registry.port == registry.scheme.defaultPort ? logins[host.lowercased()] : nil)
  }

  private struct File: Decodable {
    var auths: [String: Entry]
  }

  private struct Entry: Decodable {
    var auth: String?
    var username: String?
    var password: String?
    var identitytoken: String?
  }

  private static func login(_ entry: Entry, for host: String) throws(RegistryCredentialsError) -> Login {
    if let name = entry.username, let password = entry.password, !name.isEmpty {
      return Login(name: name, password: password)
    }
    guard let auth = entry.auth, !auth.isEmpty else {
      let helper = entry.identitytoken == nil ? "" : " (an identity token cannot be used)"
      throw RegistryCredentialsError(
        "the entry for \(host) has neither auth nor username and password\(helper); a credential helper cannot be used "
          + "either, so write the robot's name and secret there")
    }
    guard let decoded = Data(base64Encoded: auth), let text = String(validating: decoded, as: UTF8.self),
      let colon = text.firstIndex(of: ":"), colon > text.startIndex
    else { throw RegistryCredentialsError("the auth of \(host) is not NAME:PASSWORD in base64") }
    return Login(name: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
  }

  /// `https://harbor.example/v1/` → `harbor.example`.
  private static func host(_ address: String) -> String {
    var text = address[...]
    if let scheme = text.firstRange(of: "://") { text = text[scheme.upperBound...] }
    return text.prefix { $0 != "/" }.lowercased()
  }
}

/// What is wrong with a file of credentials; never quotes a secret.
public struct RegistryCredentialsError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
