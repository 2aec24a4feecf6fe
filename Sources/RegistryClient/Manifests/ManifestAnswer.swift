internal import HTTPClient

/// What a registry answered about one manifest, named by a tag or by a digest. Pure.
enum ManifestAnswer: Hashable, Sendable {
  case present(FoundManifest)
  /// There is no such manifest, or no such repository.
  case missing
  /// It is there and may not be pulled.
  case blocked(String)
  case unauthorized(String)
  /// Nothing is known; the reason is for people, as a clause.
  case unknown(String)

  /// What a registry is asked to name: indexes and manifests, OCI's and Docker's.
  static let accept = [
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
  ].joined(separator: ", ")

  /// Whether a HEAD's answer, which has no body, must be asked for again by GET to be understood.
  ///
  /// A 404 may come from a wrong address or a proxy, and a refusal's reason stands in the body. A GET of what is refused
  /// is no pull for Harbor, which counts those that it lets through only.
  static func needsExplanation(_ status: Int) -> Bool { [403, 404, 412, 451].contains(status) }

  /// Reads an answer that is no challenge (401).
  /// - Parameters:
  ///   - digest: the one that was asked for, when it was one.
  init(_ response: HTTPResponse, askedFor digest: String?) {
    let error = RegistryErrorBody(response.body)
    switch response.status {
    case 200:
      self = Self.found(response, askedFor: digest)
    case 404:
      self =
        Self.missingCodes.contains(error?.code ?? "")
        ? .missing : .unknown("it answers 404 as no registry does; is its address right?")
    case 412:
      self = .blocked(Self.reason(error))
    case 451:
      self = .blocked(Self.reason(error))
    case 403:
      self = Self.isPolicy(error) ? .blocked(Self.reason(error)) : .unauthorized(Self.denial(error))
    case 429:
      self = .unknown("it has too many requests (429)")
    case 300..<400:
      self = .unknown("it redirects elsewhere (\(response.status)), which is not followed")
    default:
      let said = [error?.code, error?.message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
      self = .unknown("it answers \(response.status)\(said.isEmpty ? "" : " (\(said))")")
    }
  }

  /// Distribution's codes, and Harbor's one for a missing artifact, repository or project.
  private static let missingCodes: Set<String> = ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"]

  private static func found(_ response: HTTPResponse, askedFor asked: String?) -> ManifestAnswer {
    let named = response.headers["Docker-Content-Digest"].flatMap { isDigest($0) ? $0 : nil }
    if let asked, let named, named != asked {
      return .unknown("asked for \(asked), it answers for \(named)")
    }
    let type = response.headers["Content-Type"].map { $0.prefix { $0 != ";" } } ?? ""
    return .present(FoundManifest(digest: asked ?? named, mediaType: type.lowercased()))
  }

  private static func isDigest(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 && !parts[0].isEmpty && parts[1].utf8.count >= 32
      && parts[1].utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "abcdef".utf8.contains($0) }
  }

  /// Other registries than Harbor say 403 for a policy too; only plain words count as one.
  private static func isPolicy(_ error: RegistryErrorBody?) -> Bool {
    guard let error else { return false }
    if error.code == "PROJECTPOLICYVIOLATION" { return true }
    let text = error.message.lowercased()
    return ["policy", "quarantine", "vulnerabilit", "not signed"].contains { text.contains($0) }
  }

  private static func reason(_ error: RegistryErrorBody?) -> String {
    guard let error, !error.message.isEmpty else { return "a policy of the project, for which it gives no reason" }
    return error.message
  }

  private static func denial(_ error: RegistryErrorBody?) -> String {
    guard let error, !error.message.isEmpty else { return "it denies access (403)" }
    return "it denies access: \(error.message)"
  }
}

/// A manifest that is there.
public struct FoundManifest: Hashable, Sendable {
  /// `sha256:…`; nil when the registry did not say.
  public var digest: String?
  /// In lower case, without parameters.
  public var mediaType: String

  public init(digest: String?, mediaType: String) {
    self.digest = digest
    self.mediaType = mediaType
  }

  /// Whether it lists manifests for several platforms.
  public var isIndex: Bool {
    mediaType == "application/vnd.oci.image.index.v1+json"
      || mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"
  }
}
