internal import HTTPClient
public import KubernetesObjects

extension KubernetesClient {
  /// Which state of the collection a list may return (API concepts, "Resource versions").
  public enum ListVersion: Sendable, Hashable {
    /// The newest, from etcd.
    case mostRecent
    /// Whatever the server has in its cache, perhaps old; cheap.
    case any
    /// Not older than this one.
    case notOlderThan(String)

    var parameter: String? {
      switch self {
      case .mostRecent: nil
      case .any: "0"
      case .notOlderThan(let version): version
      }
    }
  }

  /// Reads one object.
  public func get<Object: KubernetesResource>(
    _ type: Object.Type, name: String, namespace: String
  ) async throws(KubernetesError) -> Answer<Object> {
    let url = try url(type.resource, namespace: namespace, [name])
    let response = try await send(request(.get, url))
    return Answer(object: try decode(type, from: response, request: "GET \(url.path)"), headers: response.headers)
  }

  /// Reads every object selected, page by page. The list's resourceVersion is where a watch goes on from.
  ///
  /// When a page's token grows too old in the middle (410), it throws ``KubernetesError/Code/gone``: begin again.
  public func list<Object: KubernetesResource>(
    _ type: Object.Type, namespace: String, selection: Selection = .all, version: ListVersion = .mostRecent
  ) async throws(KubernetesError) -> ObjectList<Object> {
    let base = try url(type.resource, namespace: namespace)
    var items: [Object] = []
    var token = ""
    while true {
      var query = selection.queryItems
      query.append(("limit", String(configuration.pageSize)))
      if !token.isEmpty {
        query.append(("continue", token))
      } else if let parameter = version.parameter {
        query.append(("resourceVersion", parameter))
      }
      let response = try await send(request(.get, base.with(query: query)))
      let page = try decode(ObjectList<Object>.self, from: response, request: "GET \(base.path)")
      items += page.items
      guard !page.metadata.continue.isEmpty else { return ObjectList(metadata: page.metadata, items: items) }
      guard page.metadata.continue != token else {
        throw .malformed("the list does not end", request: "GET \(base.path)")
      }
      token = page.metadata.continue
    }
  }

  /// Changes one object by a strategic merge patch, as our field manager, refusing unknown fields. Lists such as
  /// `containers` merge by their key; an unknown container name **adds** a container.
  ///
  /// The body must carry a precondition (`metadata.uid` and `metadata.resourceVersion`): libcurl may send a request twice
  /// (``HTTPRequest/requiresNewConnection``), and a caller may not know whether a failed one was carried out.
  public func patch<Object: KubernetesResource>(
    _ type: Object.Type, name: String, namespace: String, body: [UInt8]
  ) async throws(KubernetesError) -> Answer<Object> {
    let query = [(name: "fieldManager", value: configuration.fieldManager), ("fieldValidation", "Strict")]
    let url = try url(type.resource, namespace: namespace, [name]).with(query: query)
    let response = try await send(
      request(.patch, url, body: body, contentType: "application/strategic-merge-patch+json"))
    return Answer(object: try decode(type, from: response, request: "PATCH \(url.path)"), headers: response.headers)
  }

  /// The end of a container's log.
  ///
  /// - Parameters:
  ///   - previous: the log of the container's last run, before it was restarted.
  ///   - tailLines: how many lines at most.
  ///   - limitBytes: how many bytes at most; may cut a line.
  public func podLog(
    pod: String, namespace: String, container: String, previous: Bool = false, tailLines: Int = 50,
    limitBytes: Int = 64 << 10
  ) async throws(KubernetesError) -> [UInt8] {
    var query = [
      (name: "container", value: container), ("tailLines", String(tailLines)), ("limitBytes", String(limitBytes)),
    ]
    if previous { query.append(("previous", "true")) }
    let url = try url(Pod.resource, namespace: namespace, [pod, "log"]).with(query: query)
    var request = request(.get, url)
    // The body is the container's output, whatever that is; an error is a Status all the same.
    request.headers["Accept"] = "text/plain, application/json, */*"
    return try await send(request).body
  }

  /// Which version the API server is. Also the cheapest question that proves it can be reached.
  public func version() async throws(KubernetesError) -> ServerVersion {
    let url = access.server.appending(["version"])
    return try decode(ServerVersion.self, from: try await send(request(.get, url)), request: "GET \(url.path)")
  }

  /// Opens a watch of everything that happens after `resourceVersion`.
  ///
  /// The server ends it after `timeout`, or whenever it likes, without an event. Letting go of the stream closes it.
  public func watch<Object: KubernetesResource>(
    _ type: Object.Type, namespace: String, selection: Selection = .all, from resourceVersion: String,
    timeout: Duration
  ) async throws(KubernetesError) -> WatchStream<Object> {
    let base = try url(type.resource, namespace: namespace)
    var query = selection.queryItems
    query.append(("watch", "1"))
    query.append(("allowWatchBookmarks", "true"))
    query.append(("resourceVersion", resourceVersion))
    query.append(("timeoutSeconds", String(timeout.components.seconds)))
    var request = request(.get, base.with(query: query))
    request.timeouts = configuration.watchTimeouts
    // Each event should come at once, not when a compressor's block is full.
    request.acceptsCompression = false
    let response = try await open(request)
    return WatchStream(
      body: response.body, maximumEventSize: configuration.maximumEventSize, request: "watch \(base.path)")
  }

  private func url(
    _ resource: ResourceKind, namespace: String, _ rest: [String] = []
  ) throws(KubernetesError) -> HTTPURL {
    let segments = resource.segments(namespace: namespace) + rest
    // A segment is percent-encoded whole, but these three would still change the path.
    guard !segments.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
      throw KubernetesError(code: .invalid, message: "a namespace or name is empty or made of dots")
    }
    return access.server.appending(segments)
  }
}
