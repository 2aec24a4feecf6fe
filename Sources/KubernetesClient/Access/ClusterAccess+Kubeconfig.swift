internal import HTTPClient

extension ClusterAccess {
  /// The access that a context of a (merged) kubeconfig stands for; nil asks for `current-context`.
  init(_ kubeconfig: Kubeconfig, context wanted: String?) throws(KubeconfigError) {
    let known = kubeconfig.contexts.keys.sorted().joined(separator: ", ")
    guard let name = wanted ?? kubeconfig.currentContext?.value else {
      throw KubeconfigError(
        key: "current-context", message: "no context is chosen",
        remedy: known.isEmpty ? "add one to the kubeconfig" : "choose one of \(known)")
    }
    guard let context = kubeconfig.contexts[name] else {
      throw KubeconfigError(
        file: wanted == nil ? kubeconfig.currentContext?.file : nil, key: "contexts[\(name)]",
        message: "there is no such context", remedy: known.isEmpty ? nil : "there are: \(known)")
    }
    let place = "contexts[\(name)].context"
    guard let cluster = kubeconfig.clusters[context.value.cluster] else {
      throw KubeconfigError(
        file: context.file, key: "\(place).cluster", message: "there is no cluster \"\(context.value.cluster)\"")
    }
    var user = User()
    if !context.value.user.isEmpty {
      guard let entry = kubeconfig.users[context.value.user] else {
        throw KubeconfigError(
          file: context.file, key: "\(place).user", message: "there is no user \"\(context.value.user)\"")
      }
      user = try Self.user(entry, name: context.value.user)
    }
    try self.init(cluster, named: context.value.cluster, user: user, name: name)
    if let namespace = context.value.namespace, !namespace.isEmpty { self.namespace = namespace }
  }

  private init(
    _ entry: Kubeconfig.Entry<Kubeconfig.Cluster>, named clusterName: String, user: User, name: String
  ) throws(KubeconfigError) {
    let cluster = entry.value
    let place = "clusters[\(clusterName)].cluster"
    if cluster.skipsVerification, cluster.authorities != nil {
      throw KubeconfigError(
        file: entry.file, key: "\(place).insecure-skip-tls-verify",
        message: "contradicts the certificate authority given beside it", remedy: "remove one of the two")
    }
    guard !cluster.server.isEmpty else {
      throw KubeconfigError(file: entry.file, key: "\(place).server", message: "is missing")
    }
    // kubectl accepts a bare host and port, and takes it for TLS when anything about TLS is set.
    let speaksTLS = cluster.authorities != nil || cluster.skipsVerification || user.clientCertificate != nil
    let text = cluster.server.contains("://") ? cluster.server : (speaksTLS ? "https://" : "http://") + cluster.server
    let server: HTTPURL
    do throws(HTTPClientError) {
      server = try HTTPURL(parsing: text)
    } catch {
      throw KubeconfigError(file: entry.file, key: "\(place).server", message: error.message)
    }
    self.init(
      server: server, tlsServerName: cluster.tlsServerName,
      disablesCompression: cluster.disablesCompression, user: user, name: name)
    if let authorities = cluster.authorities { trust = .authorities(authorities) }
    if cluster.skipsVerification { trust = .anyone }
    if let proxyURL = cluster.proxyURL {
      guard ["http://", "https://", "socks5://", "socks5h://"].contains(where: proxyURL.lowercased().hasPrefix) else {
        throw KubeconfigError(
          file: entry.file, key: "\(place).proxy-url", message: "is no http, https or socks5 URL")
      }
      proxy = .url(proxyURL)
    }
  }

  private static func user(
    _ entry: Kubeconfig.Entry<Kubeconfig.User>, name: String
  ) throws(KubeconfigError) -> User {
    let place = "users[\(name)].user"
    if let unsupported = entry.value.unsupported {
      throw KubeconfigError(
        file: entry.file, key: "\(place).\(unsupported)", message: "Kubernetes supports it no more",
        remedy: "use a client certificate, a token or an exec plugin")
    }
    let user = entry.value.access
    switch (user.clientCertificate, user.clientKey) {
    case (.some, nil):
      throw KubeconfigError(file: entry.file, key: "\(place).client-key", message: "is missing beside the certificate")
    case (nil, .some):
      throw KubeconfigError(
        file: entry.file, key: "\(place).client-certificate", message: "is missing beside the key")
    default:
      return user
    }
  }
}
