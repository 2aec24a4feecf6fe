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
    if let earlier = situation.sameRequest { return .operation(deployID: earlier.id, joined: true) }
    if let inFlight = situation.inFlight, !request.cancelRunning { throw conflict(inFlight, app: situation.app) }
    let app = situation.app
    // Asked while the Deployment is read; whatever is refused before its answer is needed does not wait for it.
    let guess = guessedImage(request, situation)
    async let ahead = check(guess)
    guard let deployment = try await cluster.deployment(app.deployment, in: app.namespace) else {
      throw ServiceError(
        .deploymentDeleted,
        "app \(app.name): there is no deployment \(app.namespace)/\(app.deployment) in the cluster",
        details: ["namespace": app.namespace, "deployment": app.deployment])
    }
    let history = history(situation, deployment)
    let choice: Choice
    do throws(Refusal) {
      let wanted = try want(request, situation, history, deployment)
      let check = wanted.image == guess ? await ahead : await check(wanted.image)
      if Task.isCancelled {
        throw Refusal(.unavailable, "the call was given up before its image was checked; nothing was done")
      }
      choice = try await choose(wanted, check, request, situation, history, deployment)
    } catch {
      if error.reason == .alreadyCurrent { return .alreadyCurrent(alreadyCurrent(error, situation, receivedAt)) }
      throw ServiceError(error)
    }
    return try await begin(request, choice, situation, deployment, receivedAt: receivedAt)
  }

  /// What is asked for, before the registry's answer about it.
  private struct Wanted: Sendable {
    /// Nil for a forward deploy.
    var target: RolloutCore.DeployRecord?
    var image: ImageReference
    /// As the history shows it.
    var imageRef: String
  }

  /// What is to be deployed, and what there is to say about it.
  struct Choice: Sendable {
    var target: RolloutCore.DeployRecord?
    /// By its digest, where that is known.
    var image: ImageReference
    /// As the history shows it.
    var imageRef: String
    /// Of an index's platforms.
    var platformDigests: [String]
    var warnings: [PlanWarning]
  }

  private func demands(_ request: RolloutRequest) -> RollbackPlan.Demands {
    RollbackPlan.Demands(expectCurrent: request.expectCurrent, requireImageCheck: request.requireImageCheck)
  }

  private func want(
    _ request: RolloutRequest, _ situation: Situation, _ history: DeployHistory, _ deployment: Deployment
  ) throws(Refusal) -> Wanted {
    let wanted: Wanted
    switch request.wish {
    case .rollback(let word):
      let target = try RollbackPlan.target(word, in: history, demands: demands(request))
      guard let image = target.image else {
        throw Refusal(.invalidRollbackTarget, "deploy \(target.shortID) never produced an image")
      }
      wanted = Wanted(target: target, image: image, imageRef: target.imageRef)
    case .deploy(let text):
      guard let image = ImageReference(text), !text.hasSuffix(":building") else {
        throw Refusal(.invalidArgument, "\(RequestCheck.quoted(text)) is no image reference (REPOSITORY:TAG)")
      }
      wanted = Wanted(target: nil, image: image, imageRef: text)
    }
    try check(deployment, container: situation.app.container)
    return wanted
  }

  private func choose(
    _ wanted: Wanted, _ check: ImageCheck, _ request: RolloutRequest, _ situation: Situation,
    _ history: DeployHistory, _ deployment: Deployment
  ) async throws(Refusal) -> Choice {
    guard let target = wanted.target else {
      let (image, warnings) = try resolve(wanted.image, check, demands(request))
      if let current = history.current?.image, current.isSameImage(as: image), history.running == image {
        throw Refusal(.alreadyCurrent, "image \(image) is what runs now")
      }
      return Choice(
        target: nil, image: image, imageRef: wanted.imageRef, platformDigests: check.platformDigests,
        warnings: warnings)
    }
    let row = (situation.deploys + situation.named).first { $0.id == target.id }
    let migrations = try await migrations(of: situation.app, since: row)
    let facts = RollbackPlan.Facts(migrations: migrations, registry: check.verdict, deployment: deployment)
    let plan = try RollbackPlan.make(for: target, in: history, facts: facts, demands: demands(request))
    return Choice(
      target: target, image: plan.image, imageRef: wanted.imageRef,
      platformDigests: plan.image.digest == nil ? [] : check.platformDigests, warnings: withoutRegistry(plan.warnings))
  }

  /// Refuses what cannot be rolled before anything is written.
  private func check(_ deployment: Deployment, container: String) throws(Refusal) {
    let probe = ImagePatch.Intent(container: container, image: "", deployID: "", requestID: "", actor: "")
    do throws(ImagePatchRefusal) {
      _ = try ImagePatch.decide(probe, on: deployment)
    } catch {
      throw Refusal(error.reason, error.description)
    }
  }

  private func migrations(
    of app: App, since deploy: RollbackMessages.DeployRecord?
  ) async throws(Refusal) -> [MigrationRecord] {
    guard let deploy, deploy.migrationsSince > 0 else { return [] }
    do {
      return try await deploys.migrations(of: app, since: deploy).map { migration in
        let at = migration.appliedAt ?? Timestamp(seconds: 0)
        return MigrationRecord(
          version: migration.version, name: migration.name,
          appliedAt: KubernetesObjects.Timestamp(seconds: at.seconds, nanoseconds: at.nanoseconds))
      }
    } catch {
      throw Refusal(.unavailable, "the migrations of app \(app.name) could not be read; try again")
    }
  }

  private func begin(
    _ request: RolloutRequest, _ choice: Choice, _ situation: Situation, _ deployment: Deployment,
    receivedAt: ContinuousClock.Instant
  ) async throws -> Acceptance {
    let app = situation.app
    let running = deployment.spec.template.spec.container(named: app.container)?.image
    let plan = OperationPlan(
      image: choice.image.description, requestID: request.requestID, isRollback: choice.target != nil,
      timeout: request.timeout.inMicroseconds, soak: request.soak.inMicroseconds, failFast: request.failFast,
      fromDeployID: situation.current?.id ?? "", targetDeployID: choice.target?.id ?? "", actorID: request.actorID,
      peer: request.caller.description, previousImage: running,
      revertImage: request.revertsOnFailure ? revertImage(situation, running: running, new: choice.image) : nil,
      deploymentUID: deployment.metadata.uid,
      platformDigests: choice.platformDigests.isEmpty ? nil : choice.platformDigests)
    let warnings = choice.warnings.map(RolloutWords.warning)
    let deployID = newUUID()
    let intent = OperationIntent(
      deployID: deployID, app: app, imageRef: choice.imageRef, imageDigest: choice.image.digest ?? "", plan: plan,
      actorID: request.actorID, reason: request.reason, warnings: warnings, peer: request.caller,
      replacing: situation.inFlight.map { replacement(of: $0, by: deployID, request) })
    switch try await operations.begin(intent) {
    case .joined(let deploy): return .operation(deployID: deploy.id, joined: true)
    case .conflict(let inFlight): throw conflict(inFlight, app: app)
    case .started(let deploy, let lease, let auditID):
      if let replaced = situation.inFlight { supervisor.nudge(replaced.deploy.id) }
      let feed = RolloutFeed(deployID: deploy.id)
      let target = choice.target.flatMap { target in
        (situation.deploys + situation.named).first { $0.id == target.id }
      }
      let accepted = RolloutAccepted(
        deploy: deploy, from: situation.current, target: target, warnings: warnings, auditID: auditID,
        namespace: app.namespace, deployment: app.deployment, container: app.container)
      feed.publish(.accepted(accepted), at: wallClock())
      supervisor.begin(
        Operation(
          app: app, deploy: deploy, plan: plan, warnings: warnings, lease: lease, startedAt: receivedAt,
          deployment: deployment, feed: feed))
      return .operation(deployID: deploy.id, joined: false)
    }
  }

  // MARK: Words

  func history(_ situation: Situation, _ deployment: Deployment) -> DeployHistory {
    // A deploy whose place is taken counts as what runs, however far it is: it may be patched any moment.
    let image =
      situation.inFlight?.deploy.imageRef
      ?? deployment.spec.template.spec.container(named: situation.app.container)?.image
    var seen: Set<String> = []
    let rows = (situation.deploys + situation.named).filter { seen.insert($0.id).inserted }
    return DeployHistory(
      app: situation.app.name, deploys: rows.map(Eligibility.planned), running: image.flatMap { ImageReference($0) })
  }

  private func alreadyCurrent(
    _ refusal: Refusal, _ situation: Situation, _ receivedAt: ContinuousClock.Instant
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

extension ServiceError {
  init(_ refusal: Refusal) {
    self.init(ErrorReason(rawValue: refusal.reason.rawValue), refusal.message)
  }
}

extension Duration {
  /// Whole microseconds, rounded down.
  var inMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
