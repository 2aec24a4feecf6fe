public import HTTPClient

/// What holds for every question to a registry.
public struct RegistryClientConfiguration: Sendable {
  public var map: RegistryMap
  public var credentials: RegistryCredentials
  /// Whom to trust to vouch for the registries.
  public var trust: TLSConfiguration.Trust
  /// For one question in all: every round trip, the token's among them, and waiting when asked to.
  public var timeout: Duration
  public var userAgent: String
  public var proxy: HTTPClientConfiguration.Proxy

  public init(
    map: RegistryMap, credentials: RegistryCredentials = .init(), trust: TLSConfiguration.Trust = .system,
    timeout: Duration = .seconds(3), userAgent: String = "rollbackd",
    proxy: HTTPClientConfiguration.Proxy = .environment
  ) {
    self.map = map
    self.credentials = credentials
    self.trust = trust
    self.timeout = timeout
    self.userAgent = userAgent
    self.proxy = proxy
  }
}
