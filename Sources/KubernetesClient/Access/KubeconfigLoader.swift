internal import Glibc

/// Finds the configuration: an explicit file, `KUBECONFIG`, `~/.kube/config`, and last the pod we run in.
public struct KubeconfigLoader: Sendable {
  /// What a start-up finds.
  public struct Found: Sendable {
    public var access: ClusterAccess
    /// Things worth a line in the log, such as files that are not there.
    public var warnings: [String]
  }

  private let environment: [String: String]
  /// The file's bytes, or nil when there is no such file.
  private let read: @Sendable (String) throws(KubernetesError) -> [UInt8]?

  /// Uses this process's environment and files.
  public init(environment: [String: String]) {
    self.init(environment: environment) { path throws(KubernetesError) in
      guard access(path, F_OK) == 0 else { return nil }
      return try CredentialFile.readBlocking(path)
    }
  }

  init(
    environment: [String: String], read: @escaping @Sendable (String) throws(KubernetesError) -> [UInt8]?
  ) {
    self.environment = environment
    self.read = read
  }

  /// The access to use. Reads files and blocks for it; call it before the loops have work.
  ///
  /// - Parameters:
  ///   - path: a file that must be there; nil looks in the usual places.
  ///   - context: nil takes `current-context`.
  public func find(path: String? = nil, context: String? = nil) throws(KubeconfigError) -> Found {
    var warnings: [String] = []
    let merged = try load(path, &warnings)
    if merged.isEmpty, path == nil {
      if let inCluster = try InCluster(environment: environment, read: read).access() {
        return Found(access: inCluster, warnings: warnings)
      }
      throw KubeconfigError(
        message: "no cluster is configured: "
          + (warnings.isEmpty ? "there is no kubeconfig" : warnings.joined(separator: "; ")),
        remedy: "name a file with --kubeconfig or KUBECONFIG, or run in a pod")
    }
    return Found(access: try ClusterAccess(merged, context: context), warnings: warnings)
  }

  private func load(_ path: String?, _ warnings: inout [String]) throws(KubeconfigError) -> Kubeconfig {
    if let path {
      guard let config = try file(path) else {
        throw KubeconfigError(file: path, message: "there is no such file")
      }
      return config
    }
    if let list = environment["KUBECONFIG"], !list.isEmpty {
      var paths: [String] = []
      for path in list.split(separator: ":").map(String.init) where !paths.contains(path) { paths.append(path) }
      var files: [Kubeconfig] = []
      for path in paths {
        if let config = try file(path) { files.append(config) }
      }
      if files.isEmpty { warnings.append("none of the files that KUBECONFIG names is there: \(list)") }
      return KubeconfigMerge.merge(files)
    }
    guard let home = environment["HOME"], !home.isEmpty else { return Kubeconfig() }
    return try file("\(home)/.kube/config") ?? Kubeconfig()
  }

  private func file(_ path: String) throws(KubeconfigError) -> Kubeconfig? {
    let path = path.hasPrefix("/") ? path : "\(environment["PWD"] ?? ".")/\(path)"
    let bytes: [UInt8]?
    do throws(KubernetesError) {
      bytes = try read(path)
    } catch {
      throw KubeconfigError(file: path, message: error.message)
    }
    guard let bytes else { return nil }
    return try KubeconfigReader.read(bytes, file: path)
  }
}
