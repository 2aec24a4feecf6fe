/// How the server proves itself to us, and we to the server. Everything is PEM text held in memory.
public struct TLSConfiguration: Sendable, Hashable {
  /// Whom we trust to vouch for the server.
  public enum Trust: Sendable, Hashable {
    /// The certificate authorities of this machine.
    case system
    /// Only these, and none of the machine's.
    case authorities(pem: [UInt8])
    /// Anybody. For a kubeconfig that says `insecure-skip-tls-verify`.
    case anyone
  }

  /// A client certificate and its private key.
  public struct Identity: Sendable, Hashable {
    public var certificatePEM: [UInt8]
    public var privateKeyPEM: [UInt8]

    public init(certificatePEM: [UInt8], privateKeyPEM: [UInt8]) {
      self.certificatePEM = certificatePEM
      self.privateKeyPEM = privateKeyPEM
    }
  }

  public var trust: Trust
  public var identity: Identity?
  /// The name that the server's certificate must hold, and that is sent as SNI, when it is not the URL's host.
  public var serverName: String?

  public init(trust: Trust = .system, identity: Identity? = nil, serverName: String? = nil) {
    self.trust = trust
    self.identity = identity
    self.serverName = serverName
  }
}

extension TLSConfiguration: CustomStringConvertible {
  /// Says what is set, never a key.
  public var description: String {
    let trusted =
      switch trust {
      case .system: "the system's authorities"
      case .authorities: "given authorities"
      case .anyone: "anyone"
      }
    return "trusts \(trusted), \(identity == nil ? "no client certificate" : "client certificate")"
      + (serverName.map { ", expects \($0)" } ?? "")
  }
}
