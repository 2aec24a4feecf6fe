/// Puts several kubeconfig files together by kubectl's rule: whoever says something first has said it. A cluster, user
/// or context is taken whole from the first file that names it, `current-context` from the first file that sets it.
/// Source: client-go, tools/clientcmd/loader.go. Pure.
enum KubeconfigMerge {
  static func merge(_ files: [Kubeconfig]) -> Kubeconfig {
    files.reduce(into: Kubeconfig()) { merged, next in
      merged.currentContext = merged.currentContext ?? next.currentContext
      merged.clusters.merge(next.clusters) { first, _ in first }
      merged.users.merge(next.users) { first, _ in first }
      merged.contexts.merge(next.contexts) { first, _ in first }
    }
  }
}
