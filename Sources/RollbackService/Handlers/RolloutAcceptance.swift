internal import KubernetesObjects
internal import Logging
internal import RollbackMessages
internal import RolloutCore

/// What became of a call that wants a rollout.
enum Acceptance: Sendable {
  /// It is under way, or over already, under this id; `joined` by an earlier call with the same request id.
  case operation(deployID: String, joined: Bool)
  /// The image runs already: nothing is done.
  case alreadyCurrent(RolloutFinished)
}

extension RollbackService {
  /// Checks, decides and, when all is well, writes the intent and begins the operation.
  ///
  /// - Throws: ``ServiceError`` for every refusal, which is audited first.
  func accept(_ request: RolloutRequest) async throws -> Acceptance {
    do {
      return try await decideInTurn(request)
    } catch let error as ServiceError {
      await auditRefusal(
        AuditedRefusal(
          action: request.action + ".refused", caller: request.caller, actorID: request.actorID, app: request.app,
          target: request.target, error: error, requestID: request.requestID))
      throw error
    }
  }

  func decide(_ request: RolloutRequest, receivedAt: ContinuousClock.Instant) async throws -> Acceptance {
    let word = if case .rollback(let word) = request.wish { word } else { "" }
    guard
      let situation = try await deploys.situation(of: request.app, naming: word, requestID: request.requestID)
    else { throw unknownApp(request.app) }
    if let earlier = situation.sameRequest { return try joining(earlier, request) }
    // Its parts are read side by side: the call's own deploy may have come in between.
    if let inFlight = situation.inFlight, inFlight.deploy.requestID == request.requestID {
      return try joining(inFlight.deploy, request)
    }
    if let inFlight = situation.inFlight, !request.cancelRunning { throw conflict(inFlight, app: situation.app) }
    let query = RolloutQuery(
      wish: request.wish,
      demands: RollbackPlan.Demands(
        expectCurrent: request.expectCurrent, requireImageCheck: request.requireImageCheck))
    let examination = try await examine(query, situation)
    if let refusal = examination.refusal {
      guard refusal.reason == .alreadyCurrent else { throw refusal }
      return .alreadyCurrent(alreadyCurrent(refusal, situation, receivedAt))
    }
    guard let choice = examination.choice, let deployment = examination.deployment else {
      throw ServiceError(.internal, "app \(situation.app.name): nothing was found to deploy, and nothing against it")
    }
    return try await begin(request, choice, examination, deployment, receivedAt: receivedAt)
  }

  private func begin(
    _ request: RolloutRequest, _ choice: RolloutExamination.Choice, _ examination: RolloutExamination,
    _ deployment: Deployment, receivedAt: ContinuousClock.Instant
  ) async throws -> Acceptance {
    let situation = examination.situation
    let app = situation.app
    let running = deployment.spec.template.spec.container(named: app.container)?.image
    let plan = OperationPlan(
      image: choice.image.description, requestID: request.requestID, isRollback: choice.target != nil,
      timeout: request.timeout.inMicroseconds, soak: request.soak.inMicroseconds, failFast: request.failFast,
      fromDeployID: situation.current?.id ?? "", targetDeployID: choice.target?.id ?? "", actorID: request.actorID,
      peer: request.caller.description, previousImage: running,
      revertImage: request.revertsOnFailure ? revertImage(situation, running: running, new: choice.image) : nil,
      revertObstacle: request.revertsOnFailure ? revertObstacle(situation, running: running, new: choice.image) : nil,
      deploymentUID: deployment.metadata.uid,
      platformDigests: choice.platformDigests.isEmpty ? nil : choice.platformDigests)
    let warnings = choice.warnings.map(RolloutWords.warning)
    let deployID = newUUID()
    let intent = OperationIntent(
      deployID: deployID, app: app, imageRef: choice.imageRef, imageDigest: choice.image.digest ?? "", plan: plan,
      actorID: request.actorID, reason: request.reason, warnings: warnings, peer: request.caller,
      newestKnown: situation.newestID, replacing: situation.inFlight.map { replacement(of: $0, by: deployID, request) },
      environment: examination.environment)
    if supervisor.isStopping {
      throw ServiceError(.unavailable, "this daemon is stopping; nothing has begun, try again with the same request id")
    }
    switch try await operations.begin(intent) {
    case .joined(let deploy): return try joining(deploy, request)
    case .conflict(let inFlight): throw conflict(inFlight, app: app)
    case .decidedTooEarly: throw DecidedTooEarly()
    case .started(let deploy, let lease, let auditID):
      if let replaced = situation.inFlight { supervisor.nudge(replaced.deploy.id) }
      let feed = RolloutFeed(deployID: deploy.id)
      let accepted = RolloutAccepted(
        deploy: deploy, from: situation.current, target: examination.target, warnings: warnings, auditID: auditID,
        namespace: app.namespace, deployment: app.deployment, container: app.container,
        undoes: choice.target == nil ? nil : situation.inFlight?.deploy ?? situation.unsettled,
        imageCheck: choice.imageCheck, targetLiveFor: choice.targetLiveFor)
      feed.publish(.accepted(accepted), at: wallClock())
      await supervisor.begin(
        Operation(
          app: app, deploy: deploy, plan: plan, warnings: warnings, lease: lease, startedAt: receivedAt,
          deployment: deployment, feed: feed))
      return .operation(deployID: deploy.id, joined: false)
    }
  }

  /// The same call again joins what it began; another call under its id is a mistake that must not look like success.
  private func joining(
    _ earlier: RollbackMessages.DeployRecord, _ request: RolloutRequest
  ) throws(ServiceError) -> Acceptance {
    let isSame =
      switch request.wish {
      case .deploy(let image): earlier.rollbackOf.isEmpty && earlier.imageRef == image
      case .rollback(let word):
        // A word such as `previous` means another deploy by now.
        if case .id(let beginning)? = try? TargetWord(word) {
          earlier.rollbackOf.hasPrefix(beginning)
        } else {
          !earlier.rollbackOf.isEmpty
        }
      }
    guard isSame else {
      let was = earlier.rollbackOf.isEmpty ? "a deploy of \(earlier.imageRef)" : "a rollback to \(earlier.rollbackOf)"
      throw ServiceError(
        .invalidArgument,
        "request_id \(RequestCheck.quoted(request.requestID)) was that of \(was), which is deploy "
          + "\(earlier.id.prefix(8)): another wish needs another request_id",
        details: ["deploy_id": earlier.id])
    }
    return .operation(deployID: earlier.id, joined: true)
  }

  // MARK: Words

  private func alreadyCurrent(
    _ refusal: ServiceError, _ situation: Situation, _ receivedAt: ContinuousClock.Instant
  ) -> RolloutFinished {
    RolloutFinished(
      deploy: situation.current, outcome: .alreadyCurrent, message: "nothing to do: \(refusal.message)",
      elapsed: receivedAt.duration(to: clock.now), target: OperationTiming.target)
  }

  /// A random UUID (RFC 9562, version 4).
  func newUUID() -> String {
    var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
  }
}

extension ErrorReason {
  /// Why nothing is done where that is no failure; no status of a call.
  static let alreadyCurrent = ErrorReason(rawValue: RefusalReason.alreadyCurrent.rawValue)
}

extension ServiceError {
  init(_ refusal: Refusal) {
    self.init(ErrorReason(rawValue: refusal.reason.rawValue), refusal.message)
  }
}

extension Duration {
  /// Whole microseconds, rounded down.
  var inMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
