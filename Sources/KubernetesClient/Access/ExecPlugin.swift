/// A command that hands out credentials (kubeconfig `users[].user.exec`, client.authentication.k8s.io).
public struct ExecPlugin: Sendable, Hashable {
  /// The versions of the exchange that are spoken.
  public enum APIVersion: String, Sendable, CaseIterable {
    case v1 = "client.authentication.k8s.io/v1"
    case v1beta1 = "client.authentication.k8s.io/v1beta1"
  }

  public var apiVersion: APIVersion
  /// An absolute path, one relative to the kubeconfig already made absolute, or a name to look up in `PATH`.
  public var command: String
  public var arguments: [String]
  /// Added to this process's environment.
  public var environment: [String: String]
  /// For people, when the command is missing.
  public var installHint: String?
  /// Whether the plugin is told about the cluster.
  public var providesClusterInfo: Bool

  public init(
    apiVersion: APIVersion = .v1, command: String, arguments: [String] = [], environment: [String: String] = [:],
    installHint: String? = nil, providesClusterInfo: Bool = false
  ) {
    self.apiVersion = apiVersion
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.installHint = installHint
    self.providesClusterInfo = providesClusterInfo
  }
}
