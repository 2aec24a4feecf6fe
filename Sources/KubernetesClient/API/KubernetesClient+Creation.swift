internal import HTTPClient

/// What only tools and tests do: the daemon itself creates and deletes nothing.
extension KubernetesClient {
  /// Creates an object from JSON.
  ///
  /// - Parameter namespace: empty for objects of the cluster, such as namespaces themselves.
  public func create(_ json: String, as kind: ResourceKind, namespace: String) async throws(KubernetesError) {
    let url = access.server.appending(segments(kind, namespace))
    _ = try await send(request(.post, url, body: Array(json.utf8), contentType: "application/json"))
  }

  /// Deletes an object; its dependants follow in the background.
  public func delete(_ kind: ResourceKind, name: String, namespace: String) async throws(KubernetesError) {
    let url = access.server.appending(segments(kind, namespace) + [name])
    _ = try await send(
      request(.delete, url, body: Array(#"{"propagationPolicy":"Background"}"#.utf8), contentType: "application/json"))
  }

  private func segments(_ kind: ResourceKind, _ namespace: String) -> [String] {
    if !namespace.isEmpty { return kind.segments(namespace: namespace) }
    return (kind.group.isEmpty ? ["api", kind.version] : ["apis", kind.group, kind.version]) + [kind.plural]
  }
}
