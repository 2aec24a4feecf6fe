internal import HTTPClient

/// The identity that Kubernetes gives every pod: its service account (client-go, rest/config.go).
struct InCluster {
  static let directory = "/var/run/secrets/kubernetes.io/serviceaccount"

  let environment: [String: String]
  let read: @Sendable (String) throws(KubernetesError) -> [UInt8]?

  init(
    environment: [String: String], read: @escaping @Sendable (String) throws(KubernetesError) -> [UInt8]?
  ) {
    self.environment = environment
    self.read = read
  }

  /// Nil outside a pod. Token and authorities are files, which rotate.
  func access() throws(KubeconfigError) -> ClusterAccess? {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let portText = environment["KUBERNETES_SERVICE_PORT"], !portText.isEmpty
    else { return nil }
    guard let port = Int(portText), (1...65535).contains(port) else {
      throw KubeconfigError(message: "KUBERNETES_SERVICE_PORT is no port: \(portText)")
    }
    guard try content("token") != nil else {
      throw KubeconfigError(
        file: "\(Self.directory)/token", message: "this is a pod without a service account token",
        remedy: "set automountServiceAccountToken, or give a kubeconfig")
    }
    var access = ClusterAccess(
      server: HTTPURL(scheme: .https, host: host, port: port), trust: .authorities(.file("\(Self.directory)/ca.crt")),
      name: "in-cluster")
    access.user.tokenFile = "\(Self.directory)/token"
    if let namespace = try content("namespace") {
      let text = String(decoding: namespace, as: UTF8.self).filter { !$0.isWhitespace }
      if !text.isEmpty { access.namespace = text }
    }
    return access
  }

  private func content(_ name: String) throws(KubeconfigError) -> [UInt8]? {
    let path = "\(Self.directory)/\(name)"
    do throws(KubernetesError) {
      return try read(path)
    } catch {
      throw KubeconfigError(file: path, message: error.message)
    }
  }
}
