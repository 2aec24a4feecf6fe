internal import FoundationEssentials
internal import HTTPClient

/// The question a plugin is asked, in the environment variable `KUBERNETES_EXEC_INFO`. Pure.
struct ExecInfo: Encodable {
  struct Cluster: Encodable {
    var server: String
    var tlsServerName: String?
    var insecureSkipTLSVerify: Bool?
    var certificateAuthorityData: Data?
    var proxyURL: String?
    var disableCompression: Bool?

    enum CodingKeys: String, CodingKey {
      case server
      case tlsServerName = "tls-server-name"
      case insecureSkipTLSVerify = "insecure-skip-tls-verify"
      case certificateAuthorityData = "certificate-authority-data"
      case proxyURL = "proxy-url"
      case disableCompression = "disable-compression"
    }
  }

  struct Spec: Encodable {
    /// A daemon has no terminal to ask at.
    var interactive = false
    var cluster: Cluster?
  }

  var apiVersion: String
  var kind = "ExecCredential"
  var spec: Spec

  init(plugin: ExecPlugin, access: ClusterAccess, authorities: [UInt8]?) {
    apiVersion = plugin.apiVersion.rawValue
    spec = Spec()
    guard plugin.providesClusterInfo else { return }
    var cluster = Cluster(server: access.server.description, tlsServerName: access.tlsServerName)
    if access.trust == .anyone { cluster.insecureSkipTLSVerify = true }
    cluster.certificateAuthorityData = authorities.map { Data($0) }
    if case .url(let url) = access.proxy { cluster.proxyURL = url }
    if access.disablesCompression { cluster.disableCompression = true }
    spec.cluster = cluster
  }

  /// As JSON, keys in order.
  func encoded() throws(KubernetesError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      throw KubernetesError(code: .credentials, message: "cannot describe the cluster to the credential plugin")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
