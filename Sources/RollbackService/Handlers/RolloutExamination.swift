internal import KubernetesObjects
internal import Logging
internal import RollbackMessages
internal import RolloutCore

/// What is asked for, as far as the decision about it goes.
struct RolloutQuery: Sendable {
  var wish: RolloutRequest.Wish
  var demands = RollbackPlan.Demands()
  /// It is to be done, and not only planned.
  var isForDeploying = true
}

/// All that was found out about a wish before anything is written, to the end also where something stands against it.
///
/// `Rollback` and `PlanRollback` both go by it, so that they cannot disagree.
struct RolloutExamination: Sendable {
  /// With the older deploys that had to be looked at.
  var situation: Situation
  /// The row that a rollback goes back to; nil for a forward deploy, and where the caller's word names none.
  var target: RollbackMessages.DeployRecord?
  /// Nil where it could not be read or is not there.
  var deployment: Deployment?
  /// Whether its number of replicas changes by itself; false also where that could not be found out.
  var isAutoscaled = false
  /// Of the app's container, as it is now.
  var environment: EnvironmentRecord?
  /// Nil where there is nothing that could be deployed.
  var choice: Choice?
  /// The first thing that stands against it; nil: it may go on.
  private(set) var refusal: ServiceError?

  /// What is to be deployed, and what there is to say about it.
  struct Choice: Sendable {
    var target: RolloutCore.DeployRecord?
    var image: ImageReference
    /// As the history shows it.
    var imageRef: String
    /// Of an index's platforms.
    var platformDigests: [String] = []
    var warnings: [PlanWarning]
    /// What the registry says of the image, in a word; empty for a forward deploy.
    var imageCheck = ""
    /// For how long the target served; nil where that is not known.
    var targetLiveFor: Duration?
  }

  init(_ situation: Situation) {
    self.situation = situation
  }

  /// The first one stands.
  mutating func refuse(_ error: ServiceError) {
    if refusal == nil { refusal = error }
  }

  mutating func refuse(_ error: Refusal) { refuse(ServiceError(error)) }

  /// The app's container in the template.
  var container: Container? {
    deployment?.spec.template.spec.container(named: situation.app.container)
  }

  /// The image that counts as what runs: of a deploy that is under way, however far it is, for it may be patched in any
  /// moment; else the template's.
  var running: String? { situation.inFlight?.deploy.imageRef ?? container?.image }
}

extension RollbackService {
  /// Reads what the decision rests on and decides. Whether another deploy is in the way is for the caller to judge.
  ///
  /// - Throws: ``ServiceError`` `unavailable` when the database cannot be read; everything else is the refusal.
  func examine(_ query: RolloutQuery, _ situation: Situation) async throws -> RolloutExamination {
    var examination = RolloutExamination(situation)
    // Asked while the Deployment is read; whatever is refused before its answer is needed does not wait for it.
    let guess = guessedImage(query.wish, situation)
    async let ahead = check(guess, query)
    async let isAutoscaled = isAutoscaled(situation.app)
    await readDeployment(&examination)
    if let container = examination.container {
      examination.environment = try await ifKnown(of: situation.app) {
        try await deploys.fingerprint(ContainerEnvironment(container), of: situation.app)
      }
    }
    do {
      let wanted = try await want(query, &examination)
      check(&examination)
      if query.isForDeploying, examination.refusal != nil { return examination }
      let answer = wanted.image == guess ? await ahead : await check(wanted.image, query)
      if Task.isCancelled {
        throw Refusal(.unavailable, "the call was given up before its image was checked; nothing was done")
      }
      examination.isAutoscaled = await isAutoscaled
      try await choose(wanted, answer, query.demands, &examination)
    } catch let refusal as Refusal {
      examination.refuse(refusal)
    }
    return examination
  }

  /// The id of the deploy that a rollback without a target would go to; nil where there is none.
  ///
  /// Where the API server does not answer soon the current deploy counts as what runs, as in a plan: a list is wanted most
  /// when things are down.
  /// - Throws: ``ServiceError`` `unavailable` when the database cannot be read.
  func defaultTarget(_ situation: Situation) async throws -> String? {
    var examination = RolloutExamination(situation)
    let app = situation.app
    // Whatever it fails by: it is not known then.
    examination.deployment = try? await TimeLimit(Self.listPatience, clock).run { [cluster] in
      try await cluster.deployment(app.deployment, in: app.namespace)
    }
    return try await history(for: .lastKnownGood, &examination).lastKnownGood?.id
  }

  /// How long a list waits for the API server.
  private static var listPatience: Duration { .seconds(2) }

  /// What is asked for, before the registry's answer about it.
  private struct Wanted: Sendable {
    /// Nil for a forward deploy.
    var target: RolloutCore.DeployRecord?
    var image: ImageReference
    /// As the history shows it.
    var imageRef: String
    var history: DeployHistory
  }

  private func want(
    _ query: RolloutQuery, _ examination: inout RolloutExamination
  ) async throws -> Wanted {
    switch query.wish {
    case .rollback(let word):
      let word = try TargetWord(word)
      let history = try await history(for: word, &examination)
      let target = try history.deploy(named: word)
      examination.target = (examination.situation.deploys + examination.situation.named).first { $0.id == target.id }
      if let obstacle = RollbackPlan.obstacle(to: target, in: history, demands: query.demands) {
        examination.refuse(obstacle)
      }
      guard let image = target.image else {
        throw Refusal(.invalidRollbackTarget, "deploy \(target.shortID) never produced an image")
      }
      return Wanted(target: target, image: image, imageRef: target.imageRef, history: history)
    case .deploy(let text):
      guard let image = ImageReference(text), !text.hasSuffix(":building") else {
        throw Refusal(.invalidArgument, "\(RequestCheck.quoted(text)) is no image reference (REPOSITORY:TAG)")
      }
      let history = history(examination.situation, running: examination.running)
      do throws(Refusal) {
        try history.expectCurrent(query.demands.expectCurrent)
      } catch {
        examination.refuse(error)
      }
      return Wanted(target: nil, image: image, imageRef: text, history: history)
    }
  }

  private func choose(
    _ wanted: Wanted, _ check: ImageCheck, _ demands: RollbackPlan.Demands, _ examination: inout RolloutExamination
  ) async throws {
    guard let target = wanted.target else {
      let (image, warnings) = try resolve(wanted.image, check, demands)
      let history = wanted.history
      if let current = history.current?.image, current.isSameImage(as: image), history.running == image {
        examination.refuse(Refusal(.alreadyCurrent, "image \(image) is what runs now"))
      }
      examination.choice = RolloutExamination.Choice(
        target: nil, image: image, imageRef: wanted.imageRef, platformDigests: check.platformDigests,
        warnings: warnings
          + RollbackPlan.liveObjectWarnings(
            of: examination.deployment, isAutoscaled: examination.isAutoscaled))
      return
    }
    async let served = timeServed(examination)
    let facts = try await facts(examination, registry: check.verdict)
    let plan = try RollbackPlan.examine(target, in: wanted.history, facts: facts, demands: demands)
    if let refusal = plan.refusal { examination.refuse(refusal) }
    examination.choice = RolloutExamination.Choice(
      target: target, image: plan.image, imageRef: wanted.imageRef,
      platformDigests: plan.image.digest == nil ? [] : check.platformDigests,
      warnings: withoutRegistry(plan.warnings), imageCheck: check.verdict.word, targetLiveFor: try await served)
  }

  private func timeServed(_ examination: RolloutExamination) async throws -> Duration? {
    guard let target = examination.target else { return nil }
    return try await deploys.timeServed(by: target, of: examination.situation.app)
  }

  /// How long a call waits at the most to learn whether it has to warn of an autoscaler.
  private static var autoscalerPatience: Duration { .seconds(3) }

  /// Worth a warning, and never in the way.
  private func isAutoscaled(_ app: App) async -> Bool {
    do {
      return try await TimeLimit(Self.autoscalerPatience, clock).run { [cluster] in
        try await cluster.isAutoscaled(app.deployment, in: app.namespace)
      }
    } catch {
      log.debug("whether an app is autoscaled is not known", metadata: ["app": "\(app.name)", "cause": "\(error)"])
      return false
    }
  }

  private func readDeployment(_ examination: inout RolloutExamination) async {
    let app = examination.situation.app
    do {
      examination.deployment = try await cluster.deployment(app.deployment, in: app.namespace)
      guard examination.deployment == nil else { return }
      examination.refuse(
        ServiceError(
          .deploymentDeleted,
          "app \(app.name): there is no deployment \(app.namespace)/\(app.deployment) in the cluster",
          details: ["namespace": app.namespace, "deployment": app.deployment]))
    } catch let error as ServiceError {
      // A plan goes on by our own records.
      examination.refuse(error)
    } catch {
      examination.refuse(ServiceError(.unavailable, "the API server was not asked to the end; try again", cause: error))
    }
  }

  // MARK: What it rests on

  /// The history, as far back as the word needs it.
  private func history(
    for word: TargetWord, _ examination: inout RolloutExamination
  ) async throws -> DeployHistory {
    var history = history(examination.situation, running: examination.running)
    while history.needsOlder(for: word), let next = examination.situation.next {
      let older = try await deploys.served(of: examination.situation.app, behind: next, limit: Self.pageOfServed)
      examination.situation.add(older)
      history = self.history(examination.situation, running: examination.running)
    }
    return history
  }

  /// Rarely more than none is needed: only when all the newest are what runs already, or were rolled back from.
  private static var pageOfServed: Int { 1000 }

  func history(_ situation: Situation, running image: String?) -> DeployHistory {
    var seen: Set<String> = []
    let rows = (situation.deploys + situation.named).filter { seen.insert($0.id).inserted }
    return DeployHistory(
      app: situation.app.name, deploys: rows.map(Eligibility.planned), running: image.flatMap { ImageReference($0) },
      rolledBackFrom: situation.rolledBackFrom)
  }

  /// What was found out about the target and the live object.
  private func facts(
    _ examination: RolloutExamination, registry: RegistryVerdict
  ) async throws -> RollbackPlan.Facts {
    guard let target = examination.target else {
      return RollbackPlan.Facts(
        registry: registry, deployment: examination.deployment, isAutoscaled: examination.isAutoscaled)
    }
    let app = examination.situation.app
    async let migrations = migrations(of: app, since: target)
    async let then = ifKnown(of: app) { try await deploys.environment(of: target.id) }
    var changes: [String] = []
    if let then = try await then, let now = examination.environment { changes = now.changes(since: then) }
    return RollbackPlan.Facts(
      migrations: try await migrations, registry: registry, deployment: examination.deployment,
      isAutoscaled: examination.isAutoscaled, changedEnvironment: changes)
  }

  /// What environments were only gives a warning: where it cannot be known, it is not known, and nothing is refused.
  /// - Throws: `unavailable`, since then nothing else can be read either.
  private func ifKnown(
    of app: App, _ environment: () async throws -> EnvironmentRecord?
  ) async throws -> EnvironmentRecord? {
    do {
      return try await environment()
    } catch {
      if error is CancellationError || (error as? ServiceError)?.reason == .unavailable { throw error }
      log.error(
        "whether the environment changed is not known; going on without that warning",
        metadata: ["app": "\(app.name)", "cause": "\(error)"])
      return nil
    }
  }

  private func migrations(
    of app: App, since deploy: RollbackMessages.DeployRecord
  ) async throws -> [MigrationRecord] {
    guard deploy.migrationsSince > 0 else { return [] }
    return try await deploys.migrations(of: app, since: deploy).map { migration in
      let at = migration.appliedAt ?? Timestamp(seconds: 0)
      return MigrationRecord(
        version: migration.version, name: migration.name,
        appliedAt: KubernetesObjects.Timestamp(seconds: at.seconds, nanoseconds: at.nanoseconds))
    }
  }

  /// Refuses what cannot be rolled before anything is written.
  private func check(_ examination: inout RolloutExamination) {
    guard let deployment = examination.deployment else { return }
    let probe = ImagePatch.Intent(
      container: examination.situation.app.container, image: "", deployID: "", requestID: "", actor: "")
    do throws(ImagePatchRefusal) {
      _ = try ImagePatch.decide(probe, on: deployment)
    } catch {
      examination.refuse(Refusal(error.reason, error.description))
    }
  }
}
