import Locking
import RollbackClient
import RollbackMessages

@testable import rollbackctl

/// A daemon that answers by a script and remembers what it was asked.
struct FakeDaemon: DaemonCalls {
  var deploys: [DeployRecord] = []
  var deploysError: RollbackError?
  /// The ids of the default target and of what it undoes; nil: by what the deploys are.
  var choice: (target: String, undoes: String)?
  /// Rows a page, to have more than one.
  var pageSize = 500
  var apps: [App] = []
  var migrations: [Migration] = []
  /// Nil: made of the deploys.
  var plan: Result<PlanRollbackResponse, RollbackError>?
  var cancel: Result<CancelDeployResponse, RollbackError> = .failure(Self.notYet)
  var verification = VerifyAuditResponse(intact: true)
  var healthReport = GetHealthResponse(state: .ok)
  var frames: [RolloutFrame] = []
  /// How the frames end when the last of them is not the end.
  var framesError: (any Error)?
  /// Do not end after the frames: wait to be cancelled.
  var hangs = false
  var events: [AuditEvent] = []
  /// Those that are written after the query.
  var laterEvents: [AuditEvent] = []
  var calls = Calls()

  static let notYet = RollbackError(.unimplemented, "CancelDeploy is not in this version of rollbackd yet")

  /// What was asked, in order.
  final class Calls: Sendable {
    private let list = Locked<[Call]>([])
    func append(_ call: Call) { list.withLock { $0.append(call) } }
    var all: [Call] { list.withLock { $0 } }
    var rollouts: [RolloutCall] {
      all.compactMap { call in
        if case .rollout(let rollout) = call { return rollout }
        return nil
      }
    }
    var rollback: RollbackRequest? {
      if case .rollback(let request)? = rollouts.first { return request }
      return nil
    }
  }

  enum Call: Hashable {
    case listDeploys(ListDeploysRequest)
    case plan(PlanRollbackRequest)
    case cancel(CancelDeployRequest)
    case verify(VerifyAuditRequest)
    case health
    case register(RegisterAppRequest)
    case listApps
    case record(RecordMigrationRequest)
    case listMigrations(ListMigrationsRequest)
    case rollout(RolloutCall)
    case audit(AuditQueryRequest)
  }

  func listDeploys(_ request: ListDeploysRequest) async throws(RollbackError) -> ListDeploysResponse {
    calls.append(.listDeploys(request))
    if let deploysError { throw deploysError }
    let all = deploys.filter { $0.app == request.app && (!request.eligibleOnly || $0.rollbackable) }
    guard !all.isEmpty || deploys.isEmpty else { throw RollbackError(.notFound, "there is no app \"\(request.app)\"") }
    let start = Int(request.pageToken) ?? 0
    let end = min(all.count, start + min(pageSize, Int(request.pageSize)))
    var page = ListDeploysResponse(deploys: Array(all[start..<end]), nextPageToken: end < all.count ? "\(end)" : "")
    if request.withDefaultTarget {
      page.defaultTarget = choice?.target ?? defaultTarget?.id ?? ""
      page.undoes = choice?.undoes ?? undoes?.id ?? ""
    }
    return page
  }

  /// Of all deploys, whatever page is asked for.
  private var defaultTarget: DeployRecord? {
    deploys.first { $0.wentLive && ($0.rollbackable || $0.current && undoes != nil) }
  }

  private var undoes: DeployRecord? {
    deploys.first.flatMap { $0.status == .failed && $0.hasImage && deploys.contains(where: \.current) ? $0 : nil }
  }

  func planRollback(_ request: PlanRollbackRequest) async throws(RollbackError) -> PlanRollbackResponse {
    calls.append(.plan(request))
    if let plan { return try plan.get() }
    do {
      return try planned(request)
    } catch let failure as CommandFailure {
      if failure.reason == .invalidArgument { throw RollbackError(.invalidArgument, failure.message) }
      return PlanRollbackResponse(refusalReason: failure.reason.rawValue, refusalMessage: failure.message)
    } catch {
      throw RollbackError(.internal, "\(error)")
    }
  }

  private func planned(_ request: PlanRollbackRequest) throws -> PlanRollbackResponse {
    let history = DeployHistory(deploys: deploys)
    let word = request.target
    guard let target = word.isEmpty ? defaultTarget : try history.deploy(named: word, app: request.app) else {
      throw CommandFailure(.notFound, "no deploy to go back to")
    }
    var response = PlanRollbackResponse(
      from: history.current, target: target, allowed: target.rollbackable,
      warnings: target.migrationsSince > 0 ? [Sample.schemaMismatch] : [], namespace: "octave", deployment: "hello",
      container: "web", image: target.imageRef, imageCheck: "present",
      targetLiveFor: target.id == Sample.v2.id ? .seconds(76 * 3600) : nil, undoes: undoes)
    if !target.rollbackable {
      response.refusalReason = target.current ? "already_current" : "invalid_rollback_target"
      response.refusalMessage = "deploy \(shortID(target.id)) cannot: \(target.notRollbackableReason)"
    }
    return response
  }

  func cancelDeploy(_ request: CancelDeployRequest) async throws(RollbackError) -> CancelDeployResponse {
    calls.append(.cancel(request))
    return try cancel.get()
  }

  func verifyAudit(_ request: VerifyAuditRequest) async throws(RollbackError) -> VerifyAuditResponse {
    calls.append(.verify(request))
    return verification
  }

  func health() async throws(RollbackError) -> GetHealthResponse {
    calls.append(.health)
    return healthReport
  }

  func registerApp(_ request: RegisterAppRequest) async throws(RollbackError) -> RegisterAppResponse {
    calls.append(.register(request))
    let app = App(
      id: Sample.id("aaaaaaaa"), name: request.name, namespace: request.namespace, deployment: request.deployment,
      container: request.container, createdAt: Sample.time(Sample.now))
    return RegisterAppResponse(app: app, created: !apps.contains { $0.name == request.name })
  }

  func listApps(_ request: ListAppsRequest) async throws(RollbackError) -> ListAppsResponse {
    calls.append(.listApps)
    return ListAppsResponse(apps: apps)
  }

  func recordMigration(_ request: RecordMigrationRequest) async throws(RollbackError) -> RecordMigrationResponse {
    calls.append(.record(request))
    let migration = Migration(version: request.version, name: request.name, appliedAt: Sample.time(Sample.now))
    return RecordMigrationResponse(
      migration: migration, created: !migrations.contains { $0.version == request.version })
  }

  func listMigrations(_ request: ListMigrationsRequest) async throws(RollbackError) -> ListMigrationsResponse {
    calls.append(.listMigrations(request))
    return ListMigrationsResponse(migrations: migrations)
  }

  func follow(_ rollout: RolloutCall, _ each: (RolloutFrame) async throws -> Void) async throws {
    calls.append(.rollout(rollout))
    for frame in frames { try await each(frame) }
    if let framesError { throw framesError }
    if hangs { try await untilCancelled() }
  }

  func auditEvents(_ request: AuditQueryRequest, _ each: (AuditEvent) async throws -> Void) async throws {
    calls.append(.audit(request))
    let limit = request.limit == 0 ? Int.max : Int(request.limit)
    for event in events.prefix(limit) { try await each(event) }
    guard request.follow else { return }
    for event in laterEvents { try await each(event) }
    try await untilCancelled()
  }

  private func untilCancelled() async throws {
    let (never, _) = AsyncStream<Never>.makeStream()
    for await _ in never {}
    throw RollbackError(.cancelled, "the call was cancelled")
  }
}
