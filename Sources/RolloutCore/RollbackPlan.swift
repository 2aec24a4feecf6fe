public import KubernetesObjects

/// Everything that a rollback would do and warn about, decided from what was read; changes nothing.
public struct RollbackPlan: Hashable, Sendable {
  public var target: DeployRecord
  /// What goes into the template: by digest where it is known.
  public var image: ImageReference
  public var warnings: [PlanWarning]
  /// Why it is not done, where the registry or a demand stands against it; it is examined to the end all the same.
  public var refusal: Refusal?

  /// What a rollback never touches.
  public static let notRestored = ["environment variables", "secrets", "database schema", "volumes"]

  /// What was found out about the target and the live object.
  public struct Facts: Sendable {
    /// Applied since the target was created, the oldest first.
    public var migrations: [MigrationRecord]
    public var registry: RegistryVerdict
    /// Nil when the cluster was not asked.
    public var deployment: Deployment?
    public var isAutoscaled: Bool
    /// Names, never values, of environment and secret keys that changed since the target.
    public var changedEnvironment: [String]

    public init(
      migrations: [MigrationRecord] = [], registry: RegistryVerdict = .notAsked, deployment: Deployment? = nil,
      isAutoscaled: Bool = false, changedEnvironment: [String] = []
    ) {
      self.migrations = migrations
      self.registry = registry
      self.deployment = deployment
      self.isAutoscaled = isAutoscaled
      self.changedEnvironment = changedEnvironment
    }
  }

  /// What the caller insists on.
  public struct Demands: Sendable {
    /// A word for the deploy that must be the current one; empty for none.
    public var expectCurrent: String
    /// Refuse when the registry cannot be asked.
    public var requireImageCheck: Bool

    public init(expectCurrent: String = "", requireImageCheck: Bool = false) {
      self.expectCurrent = expectCurrent
      self.requireImageCheck = requireImageCheck
    }
  }

  /// First half, before anything is asked of others: why a deploy that is there may not be the target; nil when it may.
  /// With reason `alreadyCurrent` its image runs already, which is no failure.
  public static func obstacle(
    to target: DeployRecord, in history: DeployHistory, demands: Demands = Demands()
  ) -> Refusal? {
    do throws(Refusal) {
      try history.expectCurrent(demands.expectCurrent)
    } catch {
      return error
    }
    return history.ineligibility(of: target)
  }

  /// Second half: what the registry, the migrations and the live object make of it, to the end also where something
  /// stands against it.
  /// - Throws: `Refusal` when there is no image that could be planned with.
  public static func examine(
    _ target: DeployRecord, in history: DeployHistory, facts: Facts, demands: Demands = Demands()
  ) throws(Refusal) -> RollbackPlan {
    guard let image = target.image else {
      throw Refusal(.invalidRollbackTarget, "deploy \(target.shortID) never produced an image")
    }
    var refusal: Refusal?
    var warnings: [PlanWarning] = []
    if !facts.migrations.isEmpty {
      warnings.append(
        PlanWarning(.schemaMismatch, PlanWarning.schemaMismatchText, details: facts.migrations.map(\.line)))
    }
    do throws(Refusal) {
      if let warning = try registryWarning(facts.registry, image, demands) { warnings.append(warning) }
    } catch {
      refusal = error
    }
    if target.imageDigest == nil {
      warnings.append(
        PlanWarning(.digestUnknown, "No digest was recorded for \(target.imageRef); what runs cannot be proven."))
    }
    let failing: String? =
      switch target.status {
      case .failed: "failed"
      case .cancelled: "never went live"
      default: history.rolledBackFrom.contains(target.id) ? "was rolled back from" : nil
      }
    if let failing {
      warnings.append(PlanWarning(.targetFailedBefore, "Deploy \(target.shortID) itself \(failing)."))
    }
    if !facts.changedEnvironment.isEmpty {
      warnings.append(
        PlanWarning(
          .environmentChanged, "Environment or secret keys changed since this deploy; they are not restored.",
          details: facts.changedEnvironment))
    }
    warnings += liveObjectWarnings(of: facts.deployment, isAutoscaled: facts.isAutoscaled)
    return RollbackPlan(target: target, image: image, warnings: warnings, refusal: refusal)
  }

  /// What the registry's answer about an image means for deploying it.
  /// - Throws: `Refusal` when the image is gone or blocked, or could not be checked and had to be.
  public static func registryWarning(
    _ verdict: RegistryVerdict, _ image: ImageReference, _ demands: Demands
  ) throws(Refusal) -> PlanWarning? {
    switch verdict {
    case .present: return nil
    case .moved(let present):
      return PlanWarning(
        .tagMoved, "Tag \(image.tag ?? "latest") now names \(present); the recorded digest is used.")
    case .gone: throw Refusal(.imageGone, "the registry no longer has image \(image)")
    case .blocked(let why):
      throw Refusal(.imageBlocked, "the registry refuses the pull of image \(image)\(suffix(why))")
    case .notAsked, .unreachable:
      let why =
        switch verdict {
        case .unreachable(let why): "the registry could not be asked\(suffix(why))"
        default: "no registry is configured for it"
        }
      if demands.requireImageCheck {
        throw Refusal(.unavailable, "image \(image) could not be checked: \(why)")
      }
      return PlanWarning(
        .imageUnverified, "Image \(image) could not be checked (\(why)); going on, nodes may have it cached.")
    }
  }

  /// What is worth knowing about the object that is rolled, whichever way.
  /// - Parameter deployment: nil when the cluster was not asked.
  public static func liveObjectWarnings(of deployment: Deployment?, isAutoscaled: Bool) -> [PlanWarning] {
    var warnings: [PlanWarning] = []
    if isAutoscaled {
      warnings.append(PlanWarning(.autoscalerActive, "An autoscaler may change the number of replicas meanwhile."))
    }
    guard let deployment else { return warnings }
    if deployment.spec.replicas == 0 {
      warnings.append(PlanWarning(.scaledToZero, "The deployment is scaled to zero; nothing will run."))
    }
    let strategy = deployment.spec.strategy
    let wanted = DeploymentStrategy.RollingUpdate(maxSurge: .int(1), maxUnavailable: .int(0))
    if strategy.type == "RollingUpdate", strategy.rollingUpdate != wanted {
      let surge = strategy.rollingUpdate?.maxSurge?.description ?? "25%"
      let unavailable = strategy.rollingUpdate?.maxUnavailable?.description ?? "25%"
      warnings.append(
        PlanWarning(
          .strategyDiffers,
          "The strategy is maxSurge \(surge), maxUnavailable \(unavailable); it will be set to 1 and 0."))
    }
    return warnings
  }
}

/// What the registry said about the target's image.
public enum RegistryVerdict: Hashable, Sendable {
  case present
  /// The tag names another digest now, and the recorded one is still there.
  case moved(present: String)
  case gone
  case blocked(String)
  /// It did not answer, or not to us: why, with its name.
  case unreachable(String)
  case notAsked

  /// As a plan has it; part of the public contract.
  public var word: String {
    switch self {
    case .present: "present"
    case .moved: "moved"
    case .gone: "gone"
    case .blocked: "blocked"
    case .unreachable: "unchecked"
    case .notAsked: "not_configured"
    }
  }
}
