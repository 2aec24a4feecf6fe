import DevCluster
import DevServices
import Foundation

/// Everything around rollbackd, in one directory: a private PostgreSQL, a cluster, a registry, the daemon itself.
struct DevEnvironment {
  /// What can be started.
  enum Component: String, CaseIterable {
    case postgres, cluster, registry, daemon
  }

  let directory: String
  let components: Set<Component>
  /// A real cluster's; nil: the development cluster.
  let kubeconfig: String?

  /// What the programs beside this one are told.
  struct Variables {
    var databaseURL: String?
    var kubeconfig: String?
    /// As rollbackd takes it; nil where no registry runs.
    var registryMap: String?
    var socket: String?

    /// As shell lines.
    var exports: String {
      var lines = ""
      if let databaseURL { lines += "export ROLLBACKD_DATABASE_URL='\(databaseURL)'\n" }
      if let kubeconfig { lines += "export KUBECONFIG='\(kubeconfig)'\n" }
      if let registryMap { lines += "export ROLLBACKD_REGISTRY_MAP='\(registryMap)'\n" }
      if let socket { lines += "export ROLLBACKCTL_SOCKET='\(socket)'\n" }
      return lines
    }

    var environment: [String: String] {
      var result: [String: String] = [:]
      result["ROLLBACKD_DATABASE_URL"] = databaseURL
      result["KUBECONFIG"] = kubeconfig
      result["ROLLBACKD_REGISTRY_MAP"] = registryMap
      result["ROLLBACKCTL_SOCKET"] = socket
      return result
    }
  }

  /// Starts everything, calls `body`, and leaves nothing running behind.
  func run(_ body: (Variables) async throws -> Void) async throws {
    var variables = Variables()
    var database: ThrowawayPostgres?
    if components.contains(.postgres) {
      let server = try await ThrowawayPostgres.own()
      database = server
      variables.databaseURL = try await server.makeDatabase().conninfo
    } else {
      variables.databaseURL = ProcessInfo.processInfo.environment["ROLLBACKD_DATABASE_URL"]
    }
    let registry = try await startRegistry(&variables)
    variables.kubeconfig = kubeconfig ?? ProcessInfo.processInfo.environment["KUBECONFIG"]
    if components.contains(.cluster), kubeconfig == nil {
      try await withCluster { file in
        variables.kubeconfig = file
        try await runDaemon(&variables, body)
      }
    } else {
      try await runDaemon(&variables, body)
    }
    // Their end stops the servers; until here they must live.
    withExtendedLifetime((database, registry)) {}
  }

  /// Starts a registry with images to deploy, where docker-registry is installed; without it images are not checked.
  private func startRegistry(_ variables: inout Variables) async throws -> ThrowawayRegistry? {
    guard components.contains(.registry) else {
      variables.registryMap = ProcessInfo.processInfo.environment["ROLLBACKD_REGISTRY_MAP"]
      return nil
    }
    guard ThrowawayRegistry.isInstalled else {
      FileHandle.standardError.write(
        Data("docker-registry is not installed: images are not checked, and no digests recorded\n".utf8))
      return nil
    }
    let registry = try await ThrowawayRegistry.start()
    try await DemoImages.push(to: registry.address)
    variables.registryMap = "\(DemoImages.prefix)=\(registry.address)"
    return registry
  }

  private func withCluster(_ body: (String) async throws -> Void) async throws {
    let cluster = try DevCluster()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await cluster.run() }
      let file = "\(directory)/kubeconfig"
      try write(try await cluster.kubeconfig, to: file)
      try await body(file)
      group.cancelAll()
      // Its end by cancellation is what was asked for.
      while let result = await group.nextResult() {
        if case .failure(let error) = result, !(error is CancellationError) { throw error }
      }
    }
  }

  private func runDaemon(_ variables: inout Variables, _ body: (Variables) async throws -> Void) async throws {
    guard components.contains(.daemon) else { return try await body(variables) }
    let program = try Self.sibling("rollbackd")
    // Standard output is for what a shell is to read; a few lines fit the pipe.
    let said = Pipe()
    let migrated = try SupervisedProcess.run(
      program, ["migrate"], environment: variables.environment, output: said)
    guard migrated == 0 else { throw ServiceFailure("rollbackd migrate ended with \(migrated)") }
    FileHandle.standardError.write(said.fileHandleForReading.availableData)
    let socket = "\(directory)/rollbackd.sock"
    let ready = try ReadinessSocket(path: "\(directory)/notify.sock")
    var environment = variables.environment
    environment["NOTIFY_SOCKET"] = ready.path
    environment["ROLLBACKD_ENVIRONMENT_FILE"] = "/dev/null"
    let log = "\(directory)/rollbackd.log"
    try write("", to: log)
    guard let handle = FileHandle(forWritingAtPath: log) else { throw ServiceFailure("cannot write \(log)") }
    let daemon = try SupervisedProcess(
      program, ["serve", "--socket", socket], environment: environment, log: handle)
    defer { daemon.stop() }
    guard ready.wait(atMost: 20) else {
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      throw ServiceFailure("rollbackd did not become ready; its log says:\n\(text)")
    }
    variables.socket = socket
    try await body(variables)
  }

  private func write(_ text: String, to path: String) throws {
    guard
      FileManager.default.createFile(
        atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw ServiceFailure("cannot write \(path)") }
  }

  /// A program that was built beside this one.
  static func sibling(_ name: String) throws -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw ServiceFailure("\(path) is not there; build it with: swift build --product \(name)")
    }
    return path
  }

  /// A directory of our own, removed again by ``remove(_:)``.
  static func makeDirectory() throws -> String {
    var template = Array("/tmp/rollback-dev-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ServiceFailure("mkdtemp: \(String(cString: strerror(errno)))") }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  static func remove(_ directory: String) {
    // What cannot be removed lies in /tmp and is gone with the next boot.
    try? FileManager.default.removeItem(atPath: directory)
  }
}
