internal import KubernetesObjects
internal import RollbackMessages
internal import RolloutCore

/// What is asked for, as far as the decision about it goes.
struct RolloutQuery: Sendable {
  var wish: RolloutRequest.Wish
  var demands = RollbackPlan.Demands()
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
    var warnings: [PlanWarning]
    /// What the registry says of the image, in a word; empty for a forward deploy.
    var imageCheck = ""
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
}

extension RollbackService {
  /// Reads what the decision rests on and decides. Whether another deploy is in the way is for the caller to judge.
  ///
  /// - Throws: ``ServiceError`` `unavailable` when the database cannot be read; everything else is the refusal.
  func examine(_ query: RolloutQuery, _ situation: Situation) async throws -> RolloutExamination {
    var examination = RolloutExamination(situation)
    await readDeployment(&examination)
    if let container = examination.container {
      examination.environment = try await deploys.fingerprint(
        ContainerEnvironment(container), of: situation.app)
    }
    switch query.wish {
    case .rollback(let word): try await examine(&examination, rollbackTo: word, query.demands)
    case .deploy(let text): examine(&examination, deployOf: text)
    }
    return examination
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

  // MARK: Back

  private func examine(
    _ examination: inout RolloutExamination, rollbackTo word: String, _ demands: RollbackPlan.Demands
  ) async throws {
    do {
      let word = try TargetWord(word)
      let history = try await history(for: word, &examination)
      let target = try history.deploy(named: word)
      examination.target = (examination.situation.deploys + examination.situation.named).first { $0.id == target.id }
      if let obstacle = RollbackPlan.obstacle(to: target, in: history, demands: demands) {
        examination.refuse(obstacle)
      }
      check(&examination)
      let facts = try await facts(examination)
      let plan = try RollbackPlan.examine(target, in: history, facts: facts, demands: demands)
      if let refusal = plan.refusal { examination.refuse(refusal) }
      examination.choice = RolloutExamination.Choice(
        target: target, image: plan.image, imageRef: target.imageRef,
        // Without a registry there is nothing to be asked, which is no outage to warn of.
        warnings: plan.warnings.filter { $0.code != .imageUnverified || facts.registry != .notAsked },
        imageCheck: facts.registry.word)
    } catch let refusal as Refusal {
      examination.refuse(refusal)
    }
  }

  /// The history, as far back as the word needs it.
  private func history(
    for word: TargetWord, _ examination: inout RolloutExamination
  ) async throws -> DeployHistory {
    var history = history(examination.situation, running: examination.container?.image)
    while history.needsOlder(for: word), let next = examination.situation.next {
      let older = try await deploys.served(of: examination.situation.app, behind: next, limit: Self.pageOfServed)
      examination.situation.add(older)
      history = self.history(examination.situation, running: examination.container?.image)
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

  /// What was found out about the target and the live object. The registry's verdict enters here.
  private func facts(_ examination: RolloutExamination) async throws -> RollbackPlan.Facts {
    guard let target = examination.target else { return RollbackPlan.Facts(deployment: examination.deployment) }
    let app = examination.situation.app
    async let migrations = migrations(of: app, since: target)
    async let then = deploys.environment(of: target.id)
    var changes: [String] = []
    if let then = try await then, let now = examination.environment { changes = now.changes(since: then) }
    return RollbackPlan.Facts(
      migrations: try await migrations, registry: .notAsked, deployment: examination.deployment,
      changedEnvironment: changes)
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

  // MARK: Forward

  private func examine(_ examination: inout RolloutExamination, deployOf text: String) {
    guard let image = ImageReference(text), !text.hasSuffix(":building") else {
      examination.refuse(
        ServiceError(.invalidArgument, "\(RequestCheck.quoted(text)) is no image reference (REPOSITORY:TAG)"))
      return
    }
    check(&examination)
    let history = history(examination.situation, running: examination.container?.image)
    if let current = history.current?.image, current.isSameImage(as: image), history.running == image {
      examination.refuse(Refusal(.alreadyCurrent, "image \(image) is what runs now"))
    }
    examination.choice = RolloutExamination.Choice(target: nil, image: image, imageRef: text, warnings: [])
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
