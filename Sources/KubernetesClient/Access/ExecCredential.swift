internal import FoundationEssentials
internal import HTTPClient
internal import KubernetesObjects

/// What a plugin printed, checked (client.authentication.k8s.io, ExecCredential). Pure.
struct ExecCredential: Sendable, Hashable {
  var token: String?
  var identity: TLSConfiguration.Identity?
  var expiration: Timestamp?

  init(token: String? = nil, identity: TLSConfiguration.Identity? = nil, expiration: Timestamp? = nil) {
    self.token = token
    self.identity = identity
    self.expiration = expiration
  }

  private struct Document: Decodable {
    struct Status: Decodable {
      var token: String?
      var clientCertificateData: String?
      var clientKeyData: String?
      var expirationTimestamp: Timestamp?
    }
    var kind: String?
    var apiVersion: String?
    var status: Status?
  }

  /// Reads a plugin's output, which must speak `version`. The error says what is wrong, never what was printed.
  init(parsing output: [UInt8], version: ExecPlugin.APIVersion, command: String) throws(KubernetesError) {
    func wrong(_ what: String) -> KubernetesError {
      KubernetesError(code: .credentials, message: "the credential plugin \(command) \(what)")
    }
    guard let document = try? JSONDecoder().decode(Document.self, from: Data(output)) else {
      throw wrong("did not print an ExecCredential")
    }
    guard document.kind == "ExecCredential" else { throw wrong("printed another kind than ExecCredential") }
    guard document.apiVersion == version.rawValue else {
      throw wrong("answered in another version than \(version.rawValue), which the kubeconfig names")
    }
    guard let status = document.status else { throw wrong("printed no status") }
    token = status.token.flatMap { $0.isEmpty ? nil : $0 }
    let certificate = status.clientCertificateData ?? ""
    let key = status.clientKeyData ?? ""
    guard certificate.isEmpty == key.isEmpty else {
      throw wrong("gave only one of client certificate and client key")
    }
    if !certificate.isEmpty {
      identity = .init(certificatePEM: Array(certificate.utf8), privateKeyPEM: Array(key.utf8))
    }
    guard token != nil || identity != nil else { throw wrong("gave neither a token nor a client certificate") }
    expiration = status.expirationTimestamp
  }
}
