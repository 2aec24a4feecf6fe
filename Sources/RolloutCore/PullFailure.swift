/// Why an image could not be pulled, as far as the kubelet's text tells.
///
/// Runtimes pass the registry's error on as text, so this is a judgement by words. It is kept narrow: whatever is not
/// plainly "there is no such image" or "you may not have it" counts as an error that may pass.
public enum PullFailure: Int, Comparable, Sendable {
  /// Time-outs, name resolution, 5xx, authentication: may pass by itself.
  case passing
  /// The registry has no such image.
  case missing
  /// A policy forbids the pull: quarantine, signature, vulnerability threshold.
  case refused

  /// Judges a container that waits with a pull error. Nil when `reason` is no pull error.
  init?(reason: String, message: String) {
    switch reason {
    case "SignatureValidationFailed": self = .refused
    case "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError": self.init(message: message)
    default: return nil
    }
  }

  private init(message: String) {
    let text = message.lowercased()
    func says(_ words: [String]) -> Bool { words.contains { text.contains($0) } }
    if says(["projectpolicyviolation", "denied by policy", "signature validation failed", "prevented by policy"]) {
      self = .refused
    } else if says(["unauthorized", "authorization failed", "insufficient_scope", "access denied", "no such host"]) {
      // "repository does not exist or may require authorization" is what a wrong password looks like, too.
      self = .passing
    } else if says(["code = notfound", ": not found", "manifest unknown", "name unknown", "no such manifest"]) {
      self = .missing
    } else {
      self = .passing
    }
  }

  public static func < (left: PullFailure, right: PullFailure) -> Bool { left.rawValue < right.rawValue }
}

/// What the registry itself said when it was asked about an image that a node could not pull.
public enum RegistryOpinion: Hashable, Sendable {
  /// Not asked, no answer, or no registry is configured.
  case unknown
  /// It has the image: the node's trouble may pass.
  case present
  /// It has no such image.
  case absent
  /// It refuses the pull, with its reason.
  case blocked(String)
}
