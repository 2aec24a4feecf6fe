internal import HTTPClient

/// What one kubeconfig file says, or several merged. A value; paths in it are absolute already.
struct Kubeconfig: Sendable, Hashable {
  struct Cluster: Sendable, Hashable {
    var server = ""
    var authorities: ClusterAccess.PEM?
    var skipsVerification = false
    var tlsServerName: String?
    var proxyURL: String?
    var disablesCompression = false
  }

  struct User: Sendable, Hashable {
    var access = ClusterAccess.User()
    /// Ways to authenticate that exist no more; named so that they can be refused by name.
    var unsupported: String?
  }

  struct Context: Sendable, Hashable {
    var cluster = ""
    var user = ""
    var namespace: String?
  }

  /// An entry and the file that it stands in.
  struct Entry<Value: Sendable & Hashable>: Sendable, Hashable {
    var value: Value
    var file: String
  }

  var currentContext: Entry<String>?
  var clusters: [String: Entry<Cluster>] = [:]
  var users: [String: Entry<User>] = [:]
  var contexts: [String: Entry<Context>] = [:]

  init() {}

  var isEmpty: Bool { currentContext == nil && clusters.isEmpty && users.isEmpty && contexts.isEmpty }
}
