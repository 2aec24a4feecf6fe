public import RollbackMessages
public import RolloutCore

/// What the service needs of the image registries.
public protocol ImageRegistry: Sendable {
  /// Whether an image is there and may be pulled; one with a digest is asked for by it. Never throws: not knowing is an
  /// answer, and it comes within the registry's own timeout.
  /// - Parameter isForDeploying: whether the image is about to be pulled, so that an index may be read for the digests
  ///   of its platforms. A plan must not do that, for registries count it as a pull.
  func check(_ image: ImageReference, isForDeploying: Bool) async -> ImageCheck
  /// How the registries are.
  func health() async -> RegistryHealth
}

/// What was found out about an image.
public struct ImageCheck: Hashable, Sendable {
  public var verdict: RegistryVerdict
  /// What is there: the digest that was asked for, or the one that the tag names now. Nil when that is not known.
  public var digest: String?
  /// When it is an index: the digests that runtimes may report instead of its own.
  public var platformDigests: [String]

  public init(_ verdict: RegistryVerdict, digest: String? = nil, platformDigests: [String] = []) {
    self.verdict = verdict
    self.digest = digest
    self.platformDigests = platformDigests
  }

  /// No registry is configured, for this image or at all.
  public static let notAsked = ImageCheck(.notAsked)
}

extension RegistryOpinion {
  /// What the answer means for a node that could not pull the image.
  init(_ verdict: RegistryVerdict) {
    self =
      switch verdict {
      case .present, .moved: .present
      case .gone: .absent
      case .blocked(let why): .blocked(why)
      case .unreachable, .notAsked: .unknown
      }
  }
}
