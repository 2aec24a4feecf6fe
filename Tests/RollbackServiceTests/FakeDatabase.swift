import Locking
import RollbackMessages
import struct RolloutCore.DeployHistory
import struct RolloutCore.EnvironmentRecord

@testable import RollbackService

/// Apps, deploys, operations and audit rows in memory, with the rules of the real tables that the engine relies on.
final class FakeDatabase: DeployStore, OperationStore, AuditLog {
  struct Row: Sendable {
    var deploy: DeployRecord
    var lease: Lease?
    var isExpired = false
    var plan: OperationPlan?
    var frames: [RolloutFrame] = []
    var cancellation: Cancellation?
    var revert: RevertRecord?
    /// Since it was asked for.
    var age = Duration.seconds(20)
    /// Whose lease it is; nil without one.
    var host: String? = "other"
  }

  struct State: Sendable {
    var apps: [App] = []
    var rows: [Row] = []
    var migrations: [Migration] = []
    var audit: [AuditEvent] = []
    /// By deploy.
    var environments: [String: EnvironmentRecord] = [:]
    /// What whoever asks for environments is told.
    var environmentFailure: ServiceError?
    /// How many of the next calls of each method fail as unavailable.
    var outages: [String: Int] = [:]
    var calls: [String] = []
    /// The lease is somebody else's from now on.
    var isFenced = false
    /// How many of the next outcomes are written without being answered.
    var lostAnswers = 0
    var outcomes: [RecordedOutcome] = []
    /// Logged for outcomes whose COMMIT was not answered.
    var heads: [Int64] = []
    var listeners: [@Sendable (OperationSignal) -> Void] = []
    var released: [String] = []
    /// Calls of these names are not answered; who waits for one is kept here.
    var frozen: [String: [AsyncStream<Never>.Continuation]] = [:]
    /// What happens between the next intent's commit and its answer.
    var beforeBeginAnswers: (@Sendable () async -> Void)?
    /// What others do right after the next look at an app.
    var meanwhile: (@Sendable (inout State) -> Void)?
  }

  let state = Locked(State())
  /// By which leases are counted.
  private let clock: HeldClock

  init(clock: HeldClock) {
    self.clock = clock
  }

  func enter(_ name: String) throws {
    try state.withLock { state in
      state.calls.append(name)
      guard let left = state.outages[name], left > 0 else { return }
      state.outages[name] = left - 1
      throw ServiceError(.unavailable, "PostgreSQL cannot be reached")
    }
  }

  /// From now on calls of this name are not answered.
  func freeze(_ name: String) { state.withLock { $0.frozen[name] = [] } }

  /// They are answered again, those that wait too.
  func thaw(_ name: String) {
    for waiter in state.withLock({ $0.frozen.removeValue(forKey: name) }) ?? [] { waiter.finish() }
  }

  /// Suspends while calls of this name are not answered.
  private func answer(_ name: String) async throws {
    let silence = state.withLock { state -> AsyncStream<Never>? in
      guard state.frozen[name] != nil else { return nil }
      let (silence, end) = AsyncStream.makeStream(of: Never.self)
      state.frozen[name]?.append(end)
      return silence
    }
    guard let silence else { return }
    for await _ in silence {}
    try Task.checkCancellation()
  }

  // MARK: Preparing and looking

  @discardableResult
  func addApp(_ name: String) -> App {
    let app = App(
      id: "11111111-0000-4000-8000-000000000000", name: name, namespace: "octave", deployment: name, container: name)
    state.withLock { $0.apps.append(app) }
    return app
  }

  @discardableResult
  func addDeploy(
    _ image: String, _ status: DeployStatus, current: Bool = false, requestID: String = "", digest: String = ""
  )
    -> DeployRecord
  {
    state.withLock { state in
      let number = state.rows.count + 1
      let deploy = DeployRecord(
        id: "\(number)0000000-0000-4000-8000-000000000000", app: "hello", imageRef: image, imageDigest: digest,
        status: status,
        createdAt: Timestamp(seconds: Int64(number) * 100), timeToReady: status == .live ? .seconds(1) : nil,
        current: current, requestID: requestID)
      state.rows.append(Row(deploy: deploy))
      return deploy
    }
  }

  var newest: Row? { state.withLock { $0.rows.last } }
  var actions: [String] { state.withLock { $0.audit.map(\.action) } }
  var calls: [String] { state.withLock { $0.calls } }

  private static func newestFirst(_ rows: [Row]) -> [DeployRecord] { rows.reversed().map(\.deploy) }

  // MARK: DeployStore

  func app(_ nameOrID: String) async throws -> App? {
    try enter("app")
    return state.withLock { $0.apps.first { $0.name == nameOrID || $0.id == nameOrID } }
  }

  func apps(after name: String, limit: Int) async throws -> [App] {
    state.withLock { Array($0.apps.filter { $0.name > name }.prefix(limit)) }
  }

  func register(_ app: App, by author: AuditedAuthor) async throws -> (app: App, created: Bool) { (app, true) }

  func deploys(of app: App, after: DeployPosition?, limit: Int, eligibleOnly: Bool) async throws -> [DeployRecord] {
    state.withLock { state in
      let rows = Self.newestFirst(state.rows).filter { deploy in
        after.map { (deploy.createdAt?.microseconds ?? 0) < $0.createdAt } ?? true
      }
      return Array(rows.prefix(limit))
    }
  }

  func deploy(_ id: String) async throws -> (app: App, deploy: DeployRecord)? {
    try enter("deploy")
    return state.withLock { state in
      guard let row = state.rows.first(where: { $0.deploy.id == id }), let app = state.apps.first else { return nil }
      return (app, row.deploy)
    }
  }

  func situation(of nameOrID: String, naming word: String, requestID: String) async throws -> Situation? {
    try enter("situation")
    return state.withLock { state in
      guard let app = state.apps.first(where: { $0.name == nameOrID || $0.id == nameOrID }) else { return nil }
      defer {
        let others = state.meanwhile
        state.meanwhile = nil
        others?(&state)
      }
      let running = state.rows.first { !$0.deploy.status.isEnded }
      // As PostgreSQL answers: those that went live, and of the others the newest that has ended.
      let all = Self.newestFirst(state.rows)
      let history = DeployHistory(app: app.name, deploys: all.map(Eligibility.planned), running: nil)
      let served = Set(history.deploys.filter(\.wentLive).map(\.id))
      return Situation(
        app: app, newestID: all.first?.id ?? "", deploys: all.filter { $0.current || served.contains($0.id) },
        named: word.isEmpty ? [] : all.filter { $0.id.hasPrefix(word.lowercased()) },
        inFlight: running.map(Self.inFlight),
        sameRequest: state.rows.first { !requestID.isEmpty && $0.deploy.requestID == requestID }?.deploy,
        rolledBackFrom: history.rolledBackFrom,
        newest: all.first { $0.status.isEnded && !$0.imageRef.isEmpty && !$0.imageRef.hasSuffix(":building") })
    }
  }

  func migrations(of app: App, since deploy: DeployRecord) async throws -> [Migration] {
    state.withLock { $0.migrations }
  }

  func record(
    _ migration: Migration, of app: App, by author: AuditedAuthor
  ) async throws -> (migration: Migration, created: Bool) {
    state.withLock { $0.migrations.append(migration) }
    return (migration, true)
  }

  func migrations(of app: App, after version: String, limit: Int) async throws -> [Migration] {
    state.withLock { $0.migrations }
  }

  // MARK: OperationStore

  func begin(_ intent: OperationIntent) async throws -> Beginning {
    try enter("begin")
    let answer = commit(intent)
    if case .started = answer, let meanwhile = state.withLock({ $0.beforeBeginAnswers }) { await meanwhile() }
    return answer
  }

  private func commit(_ intent: OperationIntent) -> Beginning {
    state.withLock { state in
      if let replacement = intent.replacing { Self.end(replacement, &state) }
      let newest = Self.newestFirst(state.rows).first?.id ?? ""
      guard newest == intent.newestKnown else { return .decidedTooEarly }
      if let running = state.rows.first(where: { !$0.deploy.status.isEnded }) {
        return .conflict(Self.inFlight(running))
      }
      let deploy = DeployRecord(
        id: intent.deployID, app: intent.app.name, imageRef: intent.imageRef, imageDigest: intent.imageDigest,
        status: .deploying, replicas: Replicas(),
        createdAt: Timestamp(seconds: 1_000_000), rollbackOf: intent.plan.targetDeployID,
        requestID: intent.plan.requestID)
      let lease = Lease(deployID: intent.deployID, fencingToken: 1, askedAt: clock.now)
      state.rows.append(Row(deploy: deploy, lease: lease, plan: intent.plan))
      state.environments[intent.deployID] = intent.environment
      return .started(deploy: deploy, lease: lease, auditID: Self.audit(intent.plan.action, &state))
    }
  }

  func renew(_ lease: Lease) async throws -> Renewal? {
    try enter("renew")
    return state.withLock { state in
      guard !state.isFenced, let row = state.rows.first(where: { $0.deploy.id == lease.deployID }),
        row.lease?.fencingToken == lease.fencingToken
      else { return nil }
      return Renewal(
        lease: Lease(deployID: lease.deployID, fencingToken: lease.fencingToken, askedAt: clock.now),
        cancellation: row.cancellation)
    }
  }

  func release(_ lease: Lease) async throws {
    try Task.checkCancellation()
    try enter("release")
    state.withLock { state in
      state.released.append(lease.deployID)
      guard let index = state.rows.firstIndex(where: { $0.deploy.id == lease.deployID }) else { return }
      state.rows[index].isExpired = true
    }
    tell(.released(deployID: lease.deployID))
  }

  /// The operations whose leases were handed over, in order.
  var released: [String] { state.withLock { $0.released } }

  func claimExpired(limit: Int, except: [String]) async throws -> [ClaimedOperation] {
    state.withLock { state in
      guard let index = state.rows.firstIndex(where: \.isExpired), let app = state.apps.first,
        let plan = state.rows[index].plan
      else { return [] }
      state.rows[index].isExpired = false
      let lease = Lease(deployID: state.rows[index].deploy.id, fencingToken: 2, askedAt: clock.now)
      state.rows[index].lease = lease
      return [
        ClaimedOperation(
          app: app, deploy: state.rows[index].deploy, plan: plan, lease: lease, previousHost: "gone",
          lastSequence: state.rows[index].frames.last?.seq ?? 0, age: state.rows[index].age,
          revert: state.rows[index].revert, cancellation: state.rows[index].cancellation)
      ]
    }
  }

  func append(_ frames: [RolloutFrame], of lease: Lease) async throws {
    try enter("append")
    state.withLock { state in
      guard let index = state.rows.firstIndex(where: { $0.deploy.id == lease.deployID }),
        state.rows[index].lease?.fencingToken == lease.fencingToken
      else { return }
      let known = Set(state.rows[index].frames.map(\.seq))
      state.rows[index].frames += frames.filter { !known.contains($0.seq) }
    }
  }

  func frames(of deployID: String, from sequence: UInt64, limit: Int) async throws -> [RolloutFrame] {
    try enter("frames")
    return state.withLock { state in
      let frames = state.rows.first { $0.deploy.id == deployID }?.frames ?? []
      return Array(frames.filter { $0.seq >= sequence }.prefix(limit))
    }
  }

  func finish(
    _ outcome: RecordedOutcome, of lease: Lease, after frames: [RolloutFrame],
    lastFrame: @Sendable (DeployRecord, Int64) -> RolloutFrame
  ) async throws -> RolloutFrame? {
    try enter("finish")
    let frame = state.withLock { state -> RolloutFrame? in
      guard !state.isFenced,
        let index = state.rows.firstIndex(where: { $0.deploy.id == lease.deployID && $0.deploy.status == .deploying }),
        state.rows[index].lease?.fencingToken == lease.fencingToken
      else { return nil }
      state.rows[index].lease = nil
      state.outcomes.append(outcome)
      state.rows[index].deploy.status =
        switch outcome.outcome {
        case .succeeded: .live
        case .superseded: .superseded
        case .cancelled: .cancelled
        default: .failed
        }
      state.rows[index].deploy.timeToReady = outcome.timeToReady
      let id = Self.audit("\(outcome.plan.action).\(outcome.outcome.word)", &state)
      let frame = lastFrame(state.rows[index].deploy, id)
      let known = Set(state.rows[index].frames.map(\.seq))
      state.rows[index].frames += frames.filter { !known.contains($0.seq) } + [frame]
      return frame
    }
    if frame != nil { tell(.ended(deployID: lease.deployID, appID: outcome.app.id)) }
    try state.withLock { state in
      guard frame != nil, state.lostAnswers > 0 else { return }
      state.lostAnswers -= 1
      throw ServiceError(.unavailable, "the answer to COMMIT was lost")
    }
    return frame
  }

  func running() async throws -> [RunningOperation] {
    try await answer("running")
    return []
  }

  // MARK: AuditLog

  func recordRefusal(_ refusal: AuditedRefusal) async throws {
    try enter("recordRefusal")
    try await answer("recordRefusal")
    state.withLock { _ = Self.audit("\(refusal.action):\(refusal.error.reason.rawValue)", &$0) }
  }

  func events(matching filter: AuditFilter, limit: Int) async throws -> [AuditEvent] {
    state.withLock { state in
      let matching = state.audit.reversed().filter { event in
        (filter.before.map { event.id < $0 } ?? true) && (filter.action.map { event.action == $0 } ?? true)
      }
      return Array(matching.prefix(limit))
    }
  }

  func verify(expectedHead: [UInt8]?) async throws -> VerifyAuditResponse {
    try enter("verify")
    try await answer("verify")
    return VerifyAuditResponse(intact: true)
  }

  static func audit(_ action: String, _ state: inout State) -> Int64 {
    let id = Int64(state.audit.count + 1)
    state.audit.append(AuditEvent(id: id, action: action))
    return id
  }
}
