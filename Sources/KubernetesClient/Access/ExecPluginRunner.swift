internal import LinuxIO

struct ExecPluginRunner {
  let plugin: ExecPlugin
  let access: ClusterAccess
  let time: KubernetesTime
  let loop: EventLoop

  func run() async throws(KubernetesError) -> ExecCredential {
    throw KubernetesError(code: .credentials, message: "credential plugins cannot be run yet")
  }
}
