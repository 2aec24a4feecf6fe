internal import FoundationEssentials
internal import HTTPClient

/// Reads one kubeconfig file's bytes into a ``Kubeconfig``. Pure: it opens no file, certificates' included.
struct KubeconfigReader {
  /// The file's path, for messages and as the base of relative paths.
  private let file: String
  private let directory: String

  static func read(_ bytes: [UInt8], file: String) throws(KubeconfigError) -> Kubeconfig {
    let node: YAMLNode
    do throws(YAMLReader.Failure) {
      node = try YAMLReader.read(bytes)
    } catch {
      let place = error.line > 0 ? "line \(error.line)" : nil
      throw KubeconfigError(file: file, key: place, message: "not readable as YAML or JSON: \(error.message)")
    }
    return try KubeconfigReader(file: file).kubeconfig(node)
  }

  private init(file: String) {
    self.file = file
    directory = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
  }

  private func kubeconfig(_ node: YAMLNode) throws(KubeconfigError) -> Kubeconfig {
    var config = Kubeconfig()
    guard !node.isNull else { return config }
    guard case .mapping = node.content else {
      throw wrong(nil, "is not a kubeconfig", "its top level must be a mapping")
    }
    if let kind = try text(node, "kind", ""), kind != "Config" {
      throw wrong("kind", "is \(kind), not Config")
    }
    if let name = try text(node, "current-context", ""), !name.isEmpty {
      config.currentContext = .init(value: name, file: file)
    }
    for (name, body, key) in try entries(node, list: "clusters", item: "cluster") {
      config.clusters[name] = .init(value: try cluster(body, key), file: file)
    }
    for (name, body, key) in try entries(node, list: "users", item: "user") {
      config.users[name] = .init(value: try user(body, key), file: file)
    }
    for (name, body, key) in try entries(node, list: "contexts", item: "context") {
      config.contexts[name] = .init(
        value: Kubeconfig.Context(
          cluster: try text(body, "cluster", key) ?? "", user: try text(body, "user", key) ?? "",
          namespace: try text(body, "namespace", key)),
        file: file)
    }
    return config
  }

  private func cluster(_ node: YAMLNode, _ key: String) throws(KubeconfigError) -> Kubeconfig.Cluster {
    var cluster = Kubeconfig.Cluster()
    cluster.server = try text(node, "server", key) ?? ""
    cluster.authorities = try pem(node, "certificate-authority", key)
    cluster.skipsVerification = try boolean(node, "insecure-skip-tls-verify", key)
    cluster.tlsServerName = try nonEmpty(node, "tls-server-name", key)
    cluster.proxyURL = try nonEmpty(node, "proxy-url", key)
    cluster.disablesCompression = try boolean(node, "disable-compression", key)
    return cluster
  }

  private func user(_ node: YAMLNode, _ key: String) throws(KubeconfigError) -> Kubeconfig.User {
    var user = Kubeconfig.User()
    user.access.clientCertificate = try pem(node, "client-certificate", key)
    user.access.clientKey = try pem(node, "client-key", key)
    user.access.token = try nonEmpty(node, "token", key)
    user.access.tokenFile = try nonEmpty(node, "tokenFile", key).map(absolute)
    user.access.impersonation = try impersonation(node, key)
    if let exec = present(node, "exec") { user.access.exec = try plugin(exec, "\(key).exec") }
    if present(node, "auth-provider") != nil { user.unsupported = "auth-provider" }
    if try nonEmpty(node, "username", key) != nil { user.unsupported = "username" }
    return user
  }

  private func impersonation(
    _ node: YAMLNode, _ key: String
  ) throws(KubeconfigError) -> ClusterAccess.Impersonation? {
    let uid = try nonEmpty(node, "as-uid", key)
    let groups = try present(node, "as-groups").map { groups throws(KubeconfigError) in
      try texts(groups, "\(key).as-groups")
    }
    var extra: [String: [String]] = [:]
    if let node = present(node, "as-user-extra"), case .mapping(let pairs) = node.content {
      for pair in pairs { extra[pair.key] = try texts(pair.value, "\(key).as-user-extra.\(pair.key)") }
    }
    guard let name = try nonEmpty(node, "as", key) else {
      guard uid == nil, groups == nil, extra.isEmpty else {
        throw wrong(key, "impersonates groups without a user", "set `as` too")
      }
      return nil
    }
    return ClusterAccess.Impersonation(user: name, uid: uid, groups: groups ?? [], extra: extra)
  }

  private func plugin(_ node: YAMLNode, _ key: String) throws(KubeconfigError) -> ExecPlugin {
    let version = try text(node, "apiVersion", key) ?? ""
    guard let apiVersion = ExecPlugin.APIVersion(rawValue: version) else {
      throw wrong(
        "\(key).apiVersion", version.isEmpty ? "is missing" : "\(version) is not spoken here",
        "use \(ExecPlugin.APIVersion.v1.rawValue), as recent versions of the plugin do")
    }
    guard let command = try nonEmpty(node, "command", key) else { throw wrong("\(key).command", "is missing") }
    switch try nonEmpty(node, "interactiveMode", key) {
    case "Never", "IfAvailable": break
    case "Always":
      throw wrong("\(key).interactiveMode", "is Always, but a daemon has no terminal", "give the daemon another user")
    case nil where apiVersion == .v1beta1: break
    case nil: throw wrong("\(key).interactiveMode", "is missing", "set it to Never or IfAvailable")
    case let other?: throw wrong("\(key).interactiveMode", "\(other) is none of Never, IfAvailable and Always")
    }
    var plugin = ExecPlugin(apiVersion: apiVersion, command: command.contains("/") ? absolute(command) : command)
    if let arguments = present(node, "args") { plugin.arguments = try texts(arguments, "\(key).args") }
    if let pairs = present(node, "env") {
      for (index, pair) in try items(pairs, "\(key).env").enumerated() {
        let place = "\(key).env[\(index)]"
        guard let name = try nonEmpty(pair, "name", place) else { throw wrong("\(place).name", "is missing") }
        plugin.environment[name] = try text(pair, "value", place) ?? ""
      }
    }
    plugin.installHint = try nonEmpty(node, "installHint", key)
    plugin.providesClusterInfo = try boolean(node, "provideClusterInfo", key)
    return plugin
  }
}

// MARK: Values

extension KubeconfigReader {
  private func wrong(_ key: String?, _ message: String, _ remedy: String? = nil) -> KubeconfigError {
    KubeconfigError(file: file, key: key.flatMap { $0.isEmpty ? nil : $0 }, message: message, remedy: remedy)
  }

  private func join(_ parent: String, _ key: String) -> String {
    parent.isEmpty ? key : "\(parent).\(key)"
  }

  private func present(_ node: YAMLNode, _ key: String) -> YAMLNode? {
    node[key].flatMap { $0.isNull ? nil : $0 }
  }

  private func text(_ node: YAMLNode, _ key: String, _ parent: String) throws(KubeconfigError) -> String? {
    guard let value = present(node, key) else { return nil }
    guard case .scalar(let text, _) = value.content else { throw wrong(join(parent, key), "must be text") }
    return text
  }

  private func nonEmpty(_ node: YAMLNode, _ key: String, _ parent: String) throws(KubeconfigError) -> String? {
    try text(node, key, parent).flatMap { $0.isEmpty ? nil : $0 }
  }

  private func boolean(_ node: YAMLNode, _ key: String, _ parent: String) throws(KubeconfigError) -> Bool {
    guard let value = present(node, key) else { return false }
    guard let boolean = value.boolean else { throw wrong(join(parent, key), "must be true or false, unquoted") }
    return boolean
  }

  private func items(_ node: YAMLNode, _ key: String) throws(KubeconfigError) -> [YAMLNode] {
    guard case .sequence(let items) = node.content else { throw wrong(key, "must be a list") }
    return items
  }

  private func texts(_ node: YAMLNode, _ key: String) throws(KubeconfigError) -> [String] {
    var texts: [String] = []
    for item in try items(node, key) {
      guard case .scalar(let text, _) = item.content else { throw wrong(key, "must be a list of text") }
      texts.append(text)
    }
    return texts
  }

  /// `NAME-data` wins over the file `NAME`.
  private func pem(
    _ node: YAMLNode, _ key: String, _ parent: String
  ) throws(KubeconfigError) -> ClusterAccess.PEM? {
    if let encoded = try nonEmpty(node, "\(key)-data", parent) {
      guard let data = Data(base64Encoded: encoded, options: .ignoreUnknownCharacters), !data.isEmpty else {
        throw wrong(join(parent, "\(key)-data"), "is not base64")
      }
      return .data(Array(data))
    }
    return try nonEmpty(node, key, parent).map { .file(absolute($0)) }
  }

  /// Paths are relative to the file that they stand in.
  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : directory + path
  }

  private func entries(
    _ node: YAMLNode, list: String, item: String
  ) throws(KubeconfigError) -> [(name: String, body: YAMLNode, key: String)] {
    guard let value = present(node, list) else { return [] }
    var entries: [(name: String, body: YAMLNode, key: String)] = []
    for (index, entry) in try items(value, list).enumerated() {
      guard let name = try nonEmpty(entry, "name", "\(list)[\(index)]") else {
        throw wrong("\(list)[\(index)].name", "is missing")
      }
      guard !entries.contains(where: { $0.name == name }) else { throw wrong(list, "names \(name) twice") }
      let body = present(entry, item) ?? YAMLNode(.mapping([]), line: entry.line)
      guard case .mapping = body.content else { throw wrong("\(list)[\(name)].\(item)", "must be a mapping") }
      entries.append((name, body, "\(list)[\(name)].\(item)"))
    }
    return entries
  }
}
