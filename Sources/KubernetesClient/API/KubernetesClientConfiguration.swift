public import HTTPClient

/// What holds for every request to the API server.
public struct KubernetesClientConfiguration: Sendable {
  /// Sent as `User-Agent`: `rollbackd/VERSION`.
  public var userAgent = "rollbackd/dev"
  /// Names us in the object's `managedFields`.
  public var fieldManager = "rollbackd"
  public var timeouts = HTTPTimeouts.unary
  public var watchTimeouts = HTTPTimeouts.watch
  public var retryPolicy = RetryPolicy()
  /// Objects asked for at a time in a list.
  public var pageSize = 500
  /// A list's page, decompressed, at most.
  public var maximumBodySize = 256 << 20
  /// One line of a watch at most. etcd takes no object above 1.5 MiB; this leaves room for the server's additions.
  public var maximumEventSize = 8 << 20
  /// Watches that are open at a time, each on a connection of its own: four for each namespace in which something rolls,
  /// or did a moment ago. Further ones wait until another ends, and what they are about is not seen until then.
  public var maximumWatches = 1024
  /// Everything else about HTTP, its connections those of all requests but the watches; `tls`, `proxy` and `userAgent`
  /// are set from here and from the cluster's access.
  public var http = HTTPClientConfiguration()

  public init() {}
}
