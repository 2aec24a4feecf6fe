internal import RollbackMessages
internal import RolloutCore

/// Asking the registry about what is to be deployed.
extension RollbackService {
  /// What the registry says about an image, for a plan: changes nothing, and is counted as no pull.
  func registryVerdict(for image: ImageReference) async -> RegistryVerdict {
    await registry?.check(image, isForDeploying: false).verdict ?? .notAsked
  }

  /// What the registry says about an image that is about to be deployed; nil stays not asked.
  func check(_ image: ImageReference?) async -> ImageCheck {
    guard let image, let registry else { return .notAsked }
    return await registry.check(image, isForDeploying: true)
  }

  /// The image that will most probably be wanted, told without the cluster, so that the registry can be asked while the
  /// Deployment is read. A wrong guess costs one question more.
  func guessedImage(_ request: RolloutRequest, _ situation: Situation) -> ImageReference? {
    switch request.wish {
    case .deploy(let text): return ImageReference(text)
    case .rollback(let word):
      let rows = (situation.deploys + situation.named).map(Eligibility.planned)
      // The template has what was tried last, whatever came of it.
      let running = DeployHistory(app: "", deploys: rows, running: nil).deploys.lazy.compactMap(\.image).first
      let history = DeployHistory(app: situation.app.name, deploys: rows, running: running)
      return (try? RollbackPlan.target(word, in: history))?.image
    }
  }

  /// What a forward deploy makes of the registry's answer: the image by the digest that its tag names now, which pins
  /// every pod to it, and what there is to warn of.
  /// - Throws: `image_gone`, `image_blocked`; `unavailable` when it had to be checked and could not be.
  func resolve(
    _ image: ImageReference, _ check: ImageCheck, _ demands: RollbackPlan.Demands
  ) throws(Refusal) -> (image: ImageReference, warnings: [PlanWarning]) {
    if check.verdict == .gone {
      throw Refusal(.imageGone, "the registry has no image \(image); push it first, or check its name")
    }
    let warning = try RollbackPlan.registryWarning(check.verdict, image, demands)
    let pinned = check.digest.map(image.pinned(to:)) ?? image
    return (pinned, withoutRegistry(warning.map { [$0] } ?? []))
  }

  /// Where no registry is configured at all, that an image is unverified is no news and no outage.
  func withoutRegistry(_ warnings: [PlanWarning]) -> [PlanWarning] {
    registry == nil ? warnings.filter { $0.code != .imageUnverified } : warnings
  }
}
