public import HTTPClient

/// Everything needed to talk to one API server as one user: what a kubeconfig's context, or a pod's service account,
/// comes to. A value; nothing is read or run until the client needs it.
public struct ClusterAccess: Sendable, Hashable {
  /// PEM text, or the file to read it from, again and again: files are how certificates rotate.
  public enum PEM: Sendable, Hashable {
    case data([UInt8])
    case file(String)
  }

  /// Who vouches for the API server.
  public enum Trust: Sendable, Hashable {
    case system
    case authorities(PEM)
    /// `insecure-skip-tls-verify`
    case anyone
  }

  /// Who we are.
  public struct User: Sendable, Hashable {
    public var clientCertificate: PEM?
    public var clientKey: PEM?
    public var token: String?
    /// Read again every minute; its content wins over `token`.
    public var tokenFile: String?
    public var exec: ExecPlugin?
    /// Sent as `Impersonate-User`, `-Uid`, `-Group` and `-Extra-…`.
    public var impersonation: Impersonation?

    public init() {}
  }

  /// Whom we act for.
  public struct Impersonation: Sendable, Hashable {
    public var user: String
    public var uid: String?
    public var groups: [String]
    public var extra: [String: [String]]

    public init(user: String, uid: String? = nil, groups: [String] = [], extra: [String: [String]] = [:]) {
      self.user = user
      self.uid = uid
      self.groups = groups
      self.extra = extra
    }
  }

  public var server: HTTPURL
  /// Where objects are looked for when nobody names a namespace.
  public var namespace: String
  public var trust: Trust
  /// The name in the server's certificate where it is not the URL's host.
  public var tlsServerName: String?
  public var proxy: HTTPClientConfiguration.Proxy
  public var disablesCompression: Bool
  public var user: User
  /// For messages: the context's name, or `in-cluster`.
  public var name: String

  public init(
    server: HTTPURL, namespace: String = "default", trust: Trust = .system, tlsServerName: String? = nil,
    proxy: HTTPClientConfiguration.Proxy = .environment, disablesCompression: Bool = false, user: User = User(),
    name: String = "given"
  ) {
    self.server = server
    self.namespace = namespace
    self.trust = trust
    self.tlsServerName = tlsServerName
    self.proxy = proxy
    self.disablesCompression = disablesCompression
    self.user = user
    self.name = name
  }
}

extension ClusterAccess: CustomStringConvertible {
  /// Names the server and the kind of credentials, never their content.
  public var description: String {
    var kinds: [String] = []
    if user.clientCertificate != nil { kinds.append("client certificate") }
    if user.token != nil || user.tokenFile != nil { kinds.append("token") }
    if let exec = user.exec { kinds.append("plugin \(exec.command)") }
    return "\(name) at \(server) with \(kinds.isEmpty ? "no credentials" : kinds.joined(separator: " and "))"
  }
}
