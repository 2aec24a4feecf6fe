import DevCluster
import DevServices
import Foundation
import HTTPClient
import KubernetesClient
import KubernetesObjects
import LinuxIO
import Logging
import Postgres
import RegistryClient
import RollbackMessages
import RollbackService
import RollbackTestKit

@testable import RollbackDaemon

/// The whole daemon but its socket, on a private PostgreSQL and on whatever cluster is given: by
/// `ROLLBACKD_TEST_KUBECONFIG`, else the development cluster. It knows nothing of which one it is.
struct ConformanceEnvironment: Sendable {
  let service: RollbackService<LoopClock>
  let kubernetes: KubernetesClient
  let database: ThrowawayPostgres.Database
  /// Made for this run, and removed after it.
  let namespace: String

  static let caller = Caller(processID: 1, userID: 0, groupID: 0, userName: "root")

  /// Runs `body` with everything around it.
  /// - Parameter registry: where images of `registry.example/` are; nil: no registry is asked.
  static func run(registry: String? = nil, _ body: (ConformanceEnvironment) async throws -> Void) async throws {
    if let path = realCluster { return try await run(kubeconfig: path, registry, body) }
    var configuration = DevCluster.Configuration()
    // What lasts so short must still be seen by a daemon that is slow.
    configuration.timing.restartDecision *= Slowness.factor
    let cluster = try DevCluster(configuration)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await cluster.run() }
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: directory) }
      let file = directory.appendingPathComponent("kubeconfig")
      try await cluster.kubeconfig.write(to: file, atomically: true, encoding: .utf8)
      try await run(kubeconfig: file.path, registry, body)
      group.cancelAll()
      // Ended by cancellation, as it was asked to.
      while await group.nextResult() != nil {}
    }
  }

  /// The kubeconfig of a cluster that is not the development one.
  static let realCluster = ProcessInfo.processInfo.environment["ROLLBACKD_TEST_KUBECONFIG"]

  private static func run(
    kubeconfig: String, _ registry: String?, _ body: (ConformanceEnvironment) async throws -> Void
  ) async throws {
    let database = try await ThrowawayPostgres.shared().makeDatabase()
    let values = try SettingValues(
      arguments: ["--database-url", database.conninfo, "--kubeconfig", kubeconfig, "--soak", "0s"]
        + ["--registry-timeout", "\(3 * Slowness.factor)s"]
        + (registry.map { ["--registry-map", "registry.example/=\($0)"] } ?? []), environment: [:])
    let configuration = try DaemonConfiguration(values)
    let access = try KubeconfigLoader(environment: [:]).find(path: kubeconfig).access
    let front = try EventLoop.start(label: "front")
    let cluster = try EventLoop.start(label: "cluster")
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let parts = try DaemonParts(configuration, access: access, front: front, cluster: cluster, log: log)
    let environment = ConformanceEnvironment(
      service: parts.service, kubernetes: parts.kubernetes, database: database,
      namespace: "rollbackd-test-\(UInt32.random(in: 0 ... .max))")
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask(executorPreference: front) { await parts.runDatabase() }
      group.addTask(executorPreference: cluster) { await parts.observer.run() }
      _ = try await SchemaMigrator(client: parts.postgres).migrate()
      try await parts.gate.look()
      group.addTask(executorPreference: cluster) { await parts.service.run() }
      group.addTask(executorPreference: front) { await parts.auditListener.run() }
      let namespaces = ResourceKind(plural: "namespaces")
      try await environment.kubernetes.create(
        #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(environment.namespace)"}}"#, as: namespaces,
        namespace: "")
      do {
        try await body(environment)
      } catch {
        try? await environment.kubernetes.delete(namespaces, name: environment.namespace, namespace: "")
        throw error
      }
      try await environment.kubernetes.delete(namespaces, name: environment.namespace, namespace: "")
      parts.service.stop()
      group.cancelAll()
    }
    await parts.registry?.shutDown()
    await parts.kubernetes.shutDown()
    for loop in [front, cluster] {
      loop.stop()
      loop.join()
    }
  }

  /// A Deployment of two replicas, and an app of its name.
  /// - Parameter others: further members of the pod's specification, as JSON with a comma at the end.
  func makeApp(
    _ name: String, container: String = "web", deadline: Int = 600, others: String = "", resources: String = "{}"
  ) async throws {
    let manifest = """
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"\(name)","namespace":"\(namespace)"},
       "spec":{"replicas":2,"progressDeadlineSeconds":\(deadline),"selector":{"matchLabels":{"app":"\(name)"}},
         "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},
         "template":{"metadata":{"labels":{"app":"\(name)"}},
           "spec":{\(others)"containers":[{"name":"web","image":"registry.example/octave/web:v0",
             "resources":\(resources),"livenessProbe":{"httpGet":{"path":"/livez","port":8080}},
             "readinessProbe":{"httpGet":{"path":"/healthz","port":8080},"periodSeconds":1}}]}}}}
      """
    try await kubernetes.create(manifest, as: Deployment.resource, namespace: namespace)
    _ = try await service.registerApp(
      RegisterAppRequest(name: name, namespace: namespace, deployment: name, container: container), from: Self.caller)
  }

  /// Deploys an image and returns the story's frames.
  func deploy(
    _ app: String, _ tag: String, options: RolloutOptions = RolloutOptions(soak: .zero),
    during: @escaping @Sendable (RolloutFrame) async throws -> Void = { _ in }
  ) async throws -> [RolloutFrame] {
    let frames = Frames()
    try await service.deploy(
      DeployRequest(app: app, image: "registry.example/octave/web:\(tag)", options: options),
      from: Self.caller
    ) { frame in
      await frames.add(frame)
      try await during(frame)
    }
    return await frames.all
  }

  func rollback(_ app: String, to target: String = "") async throws -> [RolloutFrame] {
    let frames = Frames()
    try await service.rollback(
      RollbackRequest(app: app, target: target, options: RolloutOptions(soak: .zero)), from: Self.caller
    ) { await frames.add($0) }
    return await frames.all
  }

  func image(of app: String) async throws -> String? {
    let answer = try await kubernetes.get(Deployment.self, name: app, namespace: namespace)
    return answer.object.spec.template.spec.container(named: "web")?.image
  }

  func audit(_ action: String) async throws -> [AuditEvent] {
    let pages = Pages()
    try await service.queryAudit(AuditQueryRequest(action: action), from: Self.caller) { await pages.add($0) }
    return await pages.events
  }
}

actor Frames {
  private(set) var all: [RolloutFrame] = []
  func add(_ frame: RolloutFrame) { all.append(frame) }
}

actor Pages {
  private(set) var events: [AuditEvent] = []
  func add(_ page: AuditPage) { events += page.events }
}

extension [RolloutFrame] {
  var finished: RolloutFinished? {
    guard case .finished(let finished)? = last?.kind else { return nil }
    return finished
  }
}

extension RolloutFrame {
  var isFirstProgress: Bool {
    guard case .progress? = kind else { return false }
    return seq == 2
  }
}
