internal import HTTPClient
internal import RegistryClient
internal import RollbackMessages
internal import RollbackService
internal import RolloutCore

/// The service's view of the registries.
struct OCIImageRegistry: ImageRegistry {
  let client: RegistryClient
  /// How long all of them may take to answer before they count as away.
  private static let patience = Duration.seconds(2)

  init(client: RegistryClient) {
    self.client = client
  }

  func check(_ image: ImageReference, isForDeploying: Bool) async -> ImageCheck {
    let question = ManifestQuestion(repository: image.repository, tag: image.tag, digest: image.digest)
    let deadline = client.deadline
    switch await client.ask(question, by: deadline) {
    case .present(let manifest):
      return ImageCheck(
        .present, digest: manifest.digest,
        platformDigests: await platforms(manifest, image, isForDeploying, by: deadline))
    case .moved(let manifest, let other):
      return ImageCheck(
        .moved(present: other), digest: manifest.digest,
        platformDigests: await platforms(manifest, image, isForDeploying, by: deadline))
    case .gone: return ImageCheck(.gone)
    case .blocked(let why): return ImageCheck(.blocked(why))
    // Its sentence names the registry and the robot, or says that there is none: more than the bare verdict would.
    case .unauthorized(let why): return ImageCheck(.unreachable(why))
    case .unknown(let why): return ImageCheck(.unreachable(why))
    case .notMapped: return .notAsked
    }
  }

  private func platforms(
    _ manifest: FoundManifest, _ image: ImageReference, _ isForDeploying: Bool, by deadline: Duration
  ) async -> [String] {
    guard isForDeploying, manifest.isIndex else { return [] }
    return await client.platformDigests(of: manifest, in: image.repository, by: deadline)
  }

  func health() async -> RegistryHealth {
    let all = await client.reachability(within: Self.patience)
    var messages: [String] = []
    var isDegraded = false
    var away = 0
    for one in all {
      switch one.state {
      case .ok: messages.append("\(one.registry.scheme.rawValue)://\(one.registry.authority)")
      case .refused(let why):
        isDegraded = true
        messages.append("\(one.registry.authority): \(why)")
      case .unreachable(let why):
        away += 1
        messages.append("\(one.registry.authority): \(why)")
      }
    }
    let state: ComponentState = away == all.count ? .down : away > 0 || isDegraded ? .degraded : .ok
    return RegistryHealth(state: state, message: messages.joined(separator: "; "))
  }
}
