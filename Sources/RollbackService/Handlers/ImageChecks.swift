internal import RollbackMessages
internal import RolloutCore

/// Asking the registry about what is to be deployed.
extension RollbackService {
  /// What the registry says about an image; nil stays not asked. For a plan nothing is fetched that counts as a pull.
  func check(_ image: ImageReference?, _ query: RolloutQuery) async -> ImageCheck {
    guard let image, let registry else { return .notAsked }
    return await registry.check(image, isForDeploying: query.isForDeploying)
  }

  /// The image that will most probably be wanted, told without the cluster, so that the registry can be asked while the
  /// Deployment is read. A wrong guess costs one question more.
  func guessedImage(_ wish: RolloutRequest.Wish, _ situation: Situation) -> ImageReference? {
    guard registry != nil else { return nil }
    switch wish {
    case .deploy(let text): return ImageReference(text)
    case .rollback(let word):
      // The template has what was tried last, whatever came of it.
      let newest = situation.newest ?? situation.deploys.first { !$0.imageRef.isEmpty }
      let history = history(situation, running: situation.inFlight?.deploy.imageRef ?? newest?.imageRef)
      return (try? TargetWord(word)).flatMap { try? history.deploy(named: $0) }?.image
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
