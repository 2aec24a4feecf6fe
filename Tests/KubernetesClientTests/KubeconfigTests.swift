import HTTPClient
import Testing

@testable import KubernetesClient

@Suite struct KubeconfigTests {
  static let minimal = """
    apiVersion: v1
    kind: Config
    current-context: dev
    clusters:
    - name: dev
      cluster: {server: "https://api.example:6443", certificate-authority-data: Q0E=}
    users:
    - name: alice
      user: {client-certificate: certs/alice.crt, client-key-data: S0VZ, client-key: ignored}
    contexts:
    - name: dev
      context: {cluster: dev, user: alice, namespace: shop}
    """

  func loader(
    _ files: [String: String], _ environment: [String: String] = ["HOME": "/home/a"]
  ) -> KubeconfigLoader {
    KubeconfigLoader(environment: environment) { path in files[path].map { Array($0.utf8) } }
  }

  @Test func readsClustersUsersAndContexts() throws {
    let access = try loader(["/home/a/.kube/config": Self.minimal]).find().access
    #expect(access.server == HTTPURL(scheme: .https, host: "api.example", port: 6443))
    #expect(access.namespace == "shop")
    #expect(access.trust == .authorities(.data(Array("CA".utf8))))
    #expect(access.user.clientCertificate == .file("/home/a/.kube/certs/alice.crt"))
    #expect(access.user.clientKey == .data(Array("KEY".utf8)))
    #expect(access.name == "dev")
    #expect(access.description == "dev at https://api.example:6443/ with client certificate")
  }

  @Test func readsEverythingAboutAClusterAndAUser() throws {
    let text = """
      {"current-context": "c",
       "clusters": [{"name": "k", "cluster": {"server": "https://[fd00::1]:6443/k8s/clusters/c-1/",
         "tls-server-name": "api.internal", "proxy-url": "socks5://proxy:1080", "disable-compression": true,
         "certificate-authority": "/etc/ca.pem"}}],
       "users": [{"name": "u", "user": {"tokenFile": "token", "token": "static", "as": "root", "as-uid": "7",
         "as-groups": ["a", "b"], "as-user-extra": {"scopes": ["x"]},
         "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "bin/login", "args": ["get", "token"],
           "env": [{"name": "REGION", "value": "eu"}], "interactiveMode": "IfAvailable", "provideClusterInfo": true,
           "installHint": "install it"}}}],
       "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}]}
      """
    let access = try loader(["/etc/kube/config": text]).find(path: "/etc/kube/config").access
    #expect(access.server.host == "fd00::1")
    #expect(access.server.appending(["version"]).description == "https://[fd00::1]:6443/k8s/clusters/c-1/version")
    #expect(access.tlsServerName == "api.internal")
    #expect(access.proxy == .url("socks5://proxy:1080"))
    #expect(access.disablesCompression)
    #expect(access.namespace == "default")
    #expect(access.trust == .authorities(.file("/etc/ca.pem")))
    #expect(access.user.tokenFile == "/etc/kube/token")
    #expect(access.user.impersonation == .init(user: "root", uid: "7", groups: ["a", "b"], extra: ["scopes": ["x"]]))
    #expect(
      access.user.exec
        == ExecPlugin(
          command: "/etc/kube/bin/login", arguments: ["get", "token"], environment: ["REGION": "eu"],
          installHint: "install it", providesClusterInfo: true))
  }

  @Test func theFirstFileToNameSomethingWinsWhole() throws {
    let first = """
      clusters: [{name: k, cluster: {server: "https://first"}}]
      users: [{name: u, user: {token: first}}]
      contexts: [{name: a, context: {cluster: k, user: u}}]
      """
    let second = """
      current-context: b
      clusters: [{name: k, cluster: {server: "https://second", certificate-authority: ca.pem}}, {name: l, cluster: {server: "https://l"}}]
      users: [{name: u, user: {token: second}}]
      contexts: [{name: a, context: {cluster: l, user: u}}, {name: b, context: {cluster: k, user: u}}]
      """
    let third = "current-context: a"
    let loader = loader(
      ["/1": first, "/2": second, "/3": third], ["KUBECONFIG": "/1:/missing:/2::/3:/2", "HOME": "/home/a"])
    let found = try loader.find()
    #expect(found.warnings.isEmpty)
    #expect(found.access.name == "b")
    #expect(found.access.server.host == "first")
    // Nothing of the second file's cluster comes through, its authority neither.
    #expect(found.access.trust == .system)
    #expect(found.access.user.token == "first")
    #expect(try loader.find(context: "a").access.server.host == "first")
  }

  @Test func relativePathsBelongToTheirFile() throws {
    let cluster = "clusters: [{name: k, cluster: {server: 'https://h', certificate-authority: ca.pem}}]"
    let rest = """
      current-context: c
      users: [{name: u, user: {tokenFile: ../t}}]
      contexts: [{name: c, context: {cluster: k, user: u}}]
      """
    let access = try loader(["/x/1": cluster, "/y/2": rest], ["KUBECONFIG": "/x/1:/y/2"]).find().access
    #expect(access.trust == .authorities(.file("/x/ca.pem")))
    #expect(access.user.tokenFile == "/y/../t")
  }

  struct Wrong: Sendable {
    var text: String
    var key: String?
    var words: String
  }

  static func exec(_ fields: String) -> String {
    "users: [{name: u, user: {exec: {\(fields)}}}]"
  }

  @Test(arguments: [
    Wrong(text: "a: b: c", key: "line 1", words: "not readable"),
    Wrong(text: "- a", words: "is not a kubeconfig"),
    Wrong(text: "kind: Pod", key: "kind", words: "is Pod"),
    Wrong(text: "clusters: {}", key: "clusters", words: "must be a list"),
    Wrong(text: "clusters: [{cluster: {}}]", key: "clusters[0].name", words: "missing"),
    Wrong(text: "clusters: [{name: a}, {name: a}]", key: "clusters", words: "twice"),
    Wrong(
      text: "clusters: [{name: a, cluster: {certificate-authority-data: '!'}}]",
      key: "clusters[a].cluster.certificate-authority-data", words: "base64"),
    Wrong(
      text: "clusters: [{name: a, cluster: {insecure-skip-tls-verify: 'true'}}]",
      key: "clusters[a].cluster.insecure-skip-tls-verify", words: "unquoted"),
    Wrong(text: "users: [{name: u, user: {token: [x]}}]", key: "users[u].user.token", words: "must be text"),
    Wrong(text: "users: [{name: u, user: {as-groups: [g]}}]", key: "users[u].user", words: "without a user"),
    Wrong(text: exec("command: x"), key: "users[u].user.exec.apiVersion", words: "is missing"),
    Wrong(
      text: exec("apiVersion: client.authentication.k8s.io/v1alpha1, command: x"),
      key: "users[u].user.exec.apiVersion", words: "client.authentication.k8s.io/v1, "),
    Wrong(
      text: exec("apiVersion: client.authentication.k8s.io/v1, command: x"),
      key: "users[u].user.exec.interactiveMode", words: "Never or IfAvailable"),
    Wrong(
      text: exec("apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always"),
      key: "users[u].user.exec.interactiveMode", words: "no terminal"),
    Wrong(
      text: exec("apiVersion: client.authentication.k8s.io/v1beta1"), key: "users[u].user.exec.command",
      words: "is missing"),
  ])
  func saysWhereAFileIsWrong(_ wrong: Wrong) throws {
    let error = try #require(
      #expect(throws: KubeconfigError.self) { try loader(["/f": wrong.text]).find(path: "/f") })
    #expect(error.file == "/f")
    #expect(error.key == wrong.key)
    #expect(error.description.contains(wrong.words), "\(error)")
  }

  @Test(arguments: [
    Wrong(text: "kind: Config", key: "current-context", words: "no context is chosen"),
    Wrong(text: "current-context: x\ncontexts: [{name: y}]", key: "contexts[x]", words: "there are: y"),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]", key: "contexts[c].context.cluster",
      words: "no cluster \"k\""),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k}]",
      key: "contexts[c].context.user", words: "no user \"u\""),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k}]",
      key: "clusters[k].cluster.server", words: "is missing"),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n"
        + "clusters: [{name: k, cluster: {server: 'ftp://h'}}]",
      key: "clusters[k].cluster.server", words: "neither http nor https"),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n"
        + "clusters: [{name: k, cluster: {server: 'https://h', insecure-skip-tls-verify: true, certificate-authority: x}}]",
      key: "clusters[k].cluster.insecure-skip-tls-verify", words: "contradicts"),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n"
        + "clusters: [{name: k, cluster: {server: 'https://h', proxy-url: 'h:3128'}}]",
      key: "clusters[k].cluster.proxy-url", words: "socks5"),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        + "clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {client-certificate: x}}]",
      key: "users[u].user.client-key", words: "missing"),
    Wrong(
      text: "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        + "clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {auth-provider: {name: gcp}}}]",
      key: "users[u].user.auth-provider", words: "exec plugin"),
  ])
  func saysWhyAContextDoesNotWork(_ wrong: Wrong) throws {
    let error = try #require(
      #expect(throws: KubeconfigError.self) { try loader(["/f": wrong.text]).find(path: "/f") })
    #expect(error.key == wrong.key)
    #expect(error.description.contains(wrong.words), "\(error)")
  }

  @Test(arguments: [
    ("h:8080", "{}", "http://h:8080/"), ("h:6443", "{client-certificate: a, client-key: b}", "https://h:6443/"),
    ("http://localhost:8001", "{}", "http://localhost:8001/"),
  ])
  func aServerWithoutASchemeIsUnderstoodAsKubectlDoes(_ server: String, _ user: String, _ expected: String) throws {
    let text = """
      current-context: c
      contexts: [{name: c, context: {cluster: k, user: u}}]
      clusters: [{name: k, cluster: {server: '\(server)'}}]
      users: [{name: u, user: \(user)}]
      """
    #expect(try loader(["/f": text]).find(path: "/f").access.server.description == expected)
  }

  @Test func anExplicitFileMustBeThere() throws {
    let error = #expect(throws: KubeconfigError.self) { try loader([:]).find(path: "/none") }
    #expect(error?.description == "/none: there is no such file")
  }

  @Test func withoutAnyConfigurationItSaysWhatToDo() throws {
    let error = #expect(throws: KubeconfigError.self) { try loader([:], ["KUBECONFIG": "/a:/b"]).find() }
    #expect(error?.description.contains("/a:/b") == true)
    #expect(error?.remedy?.contains("--kubeconfig") == true)
  }

  // MARK: In a pod

  static let pod = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
  static let account = [
    "\(InCluster.directory)/token": "abc\n", "\(InCluster.directory)/namespace": "shop\n",
  ]

  @Test func inAPodTheServiceAccountIsUsed() throws {
    let access = try loader(Self.account, Self.pod).find().access
    #expect(access.server.description == "https://[fd00::1]:443/")
    #expect(access.namespace == "shop")
    #expect(access.trust == .authorities(.file("\(InCluster.directory)/ca.crt")))
    #expect(access.user.tokenFile == "\(InCluster.directory)/token")
  }

  @Test func aKubeconfigComesBeforeThePod() throws {
    var files = Self.account
    files["/k"] = Self.minimal
    var environment = Self.pod
    environment["KUBECONFIG"] = "/k"
    #expect(try loader(files, environment).find().access.name == "dev")
  }

  @Test func aPodWithoutATokenSaysSo() {
    let error = #expect(throws: KubeconfigError.self) { try loader([:], Self.pod).find() }
    #expect(error?.description.contains("automountServiceAccountToken") == true)
  }
}
