internal import FoundationEssentials

/// Runs a credential plugin: asks it in the environment, reads its standard output, checks the answer. Its standard
/// error is ours, so that what it complains about reaches the log.
struct ExecPluginRunner {
  /// A plugin that takes longer is killed, with everything it started.
  static let deadline: Duration = .seconds(60)
  /// No credential is larger.
  static let maximumOutput = 1 << 20

  let plugin: ExecPlugin
  let access: ClusterAccess
  var deadline = Self.deadline

  init(plugin: ExecPlugin, access: ClusterAccess, deadline: Duration = Self.deadline) {
    self.plugin = plugin
    self.access = access
    self.deadline = deadline
  }

  /// - Parameter authorities: the cluster's certificate authorities, for a plugin that wants to know the cluster.
  func run(authorities: [UInt8]?) async throws(KubernetesError) -> ExecCredential {
    var environment = ProcessInfo.processInfo.environment
    environment.merge(plugin.environment) { _, new in new }
    environment["KUBERNETES_EXEC_INFO"] =
      try ExecInfo(plugin: plugin, access: access, authorities: authorities).encoded()
    let output: [UInt8]
    do throws(ChildProcess.Failure) {
      output = try await ChildProcess(
        command: plugin.command, arguments: plugin.arguments, environment: environment, deadline: deadline,
        maximumOutput: Self.maximumOutput
      ).run()
    } catch {
      throw KubernetesError(code: error == .cancelled ? .cancelled : .credentials, message: explain(error))
    }
    return try ExecCredential(parsing: output, version: plugin.apiVersion, command: plugin.command)
  }

  private func explain(_ failure: ChildProcess.Failure) -> String {
    let subject = "the credential plugin \(plugin.command)"
    switch failure {
    case .notStarted(let reason):
      return "\(subject) cannot be run: \(reason)" + (plugin.installHint.map { "; \($0)" } ?? "")
    case .tooSlow: return "\(subject) took longer than \(deadline.components.seconds) s and was killed"
    case .tooMuchOutput: return "\(subject) printed more than \(Self.maximumOutput) bytes and was killed"
    case .cancelled: return "\(subject) was given up"
    case .exited(let status): return "\(subject) ended with status \(status)"
    case .killed(let signal): return "\(subject) was ended by signal \(signal)"
    }
  }
}
