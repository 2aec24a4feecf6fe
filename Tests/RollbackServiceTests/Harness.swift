import Locking
import Logging
import RollbackMessages

@testable import RollbackService

/// A service on fakes, running while `body` does.
struct Harness {
  let service: RollbackService<HeldClock>
  let database: FakeDatabase
  let cluster: FakeCluster
  let clock: HeldClock

  static let operatorCaller = Caller(processID: 1, userID: 1000, groupID: 50, userName: "ops")
  static let administrator = Caller(processID: 1, userID: 0, groupID: 0, userName: "root")

  static func run(
    running image: String = "r/hello:v3", course: FakeCluster.Course = .ready, clock: HeldClock = HeldClock(),
    registry: FakeRegistry? = nil, dependencies: FakeHealth = FakeHealth(), isPatient: Bool = false,
    _ body: (Harness) async throws -> Void
  ) async throws {
    try await run(
      database: FakeDatabase(clock: clock), cluster: FakeCluster(image: image, course: course), clock: clock,
      registry: registry, dependencies: dependencies, isPatient: isPatient, body)
  }

  /// On a database and a cluster that other hosts may have been at.
  /// - Parameter isPatient: whether the service comes to its own end, however long that takes.
  static func run(
    database: FakeDatabase, cluster: FakeCluster, clock: HeldClock, registry: FakeRegistry? = nil,
    dependencies: FakeHealth = FakeHealth(), isPatient: Bool = false, _ body: (Harness) async throws -> Void
  ) async throws {
    let service = RollbackService(
      deploys: database, operations: database, audit: database, cluster: cluster, registry: registry,
      dependencies: dependencies,
      authorization: AuthorizationPolicy(
        administrators: [0], operatorGroups: [50], trustedUsers: [33], actors: [1000: "ops@example"]),
      identity: ServiceIdentity(host: "host-a", version: "test"), timing: OperationTiming(), clock: clock,
      wallClock: { Timestamp(seconds: 1_800_000_000) }, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let harness = Harness(service: service, database: database, cluster: cluster, clock: clock)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await service.run() }
      try await body(harness)
      service.stop()
      if isPatient { try await group.next() }
      group.cancelAll()
    }
  }

  /// Rolls back and gathers the frames to the end.
  func rollback(
    to target: String = "", options: RolloutOptions = RolloutOptions(soak: .zero),
    from caller: Caller = Harness.operatorCaller
  ) async throws -> [RolloutFrame] {
    let frames = FrameCollector()
    try await service.rollback(RollbackRequest(app: "hello", target: target, options: options), from: caller) {
      frames.add($0)
    }
    return frames.all
  }

  /// The refusal of a rollback; nil when it was accepted.
  func refusal(
    app: String = "hello", to target: String = "", options: RolloutOptions = RolloutOptions(soak: .zero),
    from caller: Caller = Harness.operatorCaller
  ) async -> ServiceError? {
    do {
      try await service.rollback(RollbackRequest(app: app, target: target, options: options), from: caller) { _ in }
      return nil
    } catch {
      return error as? ServiceError
    }
  }
}

final class FrameCollector: Sendable {
  private let frames = Locked<[RolloutFrame]>([])
  var all: [RolloutFrame] { frames.withLock { $0 } }
  func add(_ frame: RolloutFrame) { frames.withLock { $0.append(frame) } }
}

/// A value that several tasks of a test share.
final class Shared<Value: Sendable>: Sendable {
  private let state: Locked<Value>

  init(_ value: Value) {
    state = Locked(value)
  }

  var value: Value { state.withLock { $0 } }
  /// Sets it and returns what it was.
  @discardableResult
  func set(_ value: Value) -> Value {
    state.withLock { old in
      defer { old = value }
      return old
    }
  }
}

struct FakeHealth: DependencyHealth {
  var obstacle: String?
  var databaseState = ComponentState.ok
  var clusterState = ComponentState.ok
  var connections: Int { 1 }
  func database() async -> DatabaseHealth { DatabaseHealth(state: databaseState) }
  func clusterHealth() async -> ClusterHealth { ClusterHealth(state: clusterState) }
}

extension [RolloutFrame] {
  var finished: RolloutFinished? {
    guard case .finished(let finished)? = last?.kind else { return nil }
    return finished
  }

  var accepted: RolloutAccepted? {
    guard case .accepted(let accepted)? = first?.kind else { return nil }
    return accepted
  }
}
