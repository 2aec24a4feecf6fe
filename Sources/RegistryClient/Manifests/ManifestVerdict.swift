/// What is asked about an image.
public struct ManifestQuestion: Hashable, Sendable {
  /// As references name it, with the mapped prefix: `harbor/octave/hello`.
  public var repository: String
  /// Nil means `latest` where there is no digest either.
  public var tag: String?
  /// The digest that was recorded for it, where one was.
  public var digest: String?

  public init(repository: String, tag: String?, digest: String?) {
    self.repository = repository
    self.tag = tag
    self.digest = digest
  }
}

/// What the registry makes of an image.
public enum ManifestVerdict: Hashable, Sendable {
  case present(FoundManifest)
  /// The recorded digest is there, but the tag now names another one, `tag`.
  case moved(FoundManifest, tag: String)
  case gone
  /// The registry refuses the pull, with its reason.
  case blocked(String)
  /// It does not let us ask; the reason is a sentence's part that names the registry.
  case unauthorized(String)
  /// Nothing is known: no answer in time, no TLS, a server's error. The reason names the registry.
  case unknown(String)
  /// No registry is configured for this image.
  case notMapped

  /// Puts together what was said of the recorded digest and of the tag.
  ///
  /// The digest decides: it is what will be deployed. The tag only tells whether it was pushed again.
  init(digest: ManifestAnswer, tag: ManifestAnswer?, registry: String) {
    guard case .present(let found) = digest, case .present(let named)? = tag, let other = named.digest,
      other != found.digest
    else {
      self.init(digest, registry: registry)
      return
    }
    self = .moved(found, tag: other)
  }

  /// What one answer alone means.
  init(_ answer: ManifestAnswer, registry: String) {
    self =
      switch answer {
      case .present(let found): .present(found)
      case .missing: .gone
      case .blocked(let why): .blocked(why)
      case .unauthorized(let why): .unauthorized("\(registry): \(why)")
      case .unknown(let why): .unknown("\(registry): \(why)")
      }
  }
}
