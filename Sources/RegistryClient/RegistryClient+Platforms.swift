internal import FoundationEssentials
internal import HTTPClient

extension RegistryClient {
  /// The digests of the manifests that an index lists for platforms; empty when it could not be read.
  ///
  /// Some runtimes report the platform's digest for a container whose image was named by the index's. This is a GET,
  /// which Harbor counts as a pull: ask it only about an image that is about to be pulled anyway.
  /// - Parameter deadline: on ``time``'s clock, as ``ask(_:by:)`` has it.
  public func platformDigests(
    of index: FoundManifest, in repository: String, by deadline: Duration
  ) async -> [String] {
    guard index.isIndex, let digest = index.digest, let place = configuration.map.location(of: repository) else {
      return []
    }
    let exchange = RegistryExchange(
      registry: place.registry, scope: place.pullScope, deadline: deadline, now: time.elapsed())
    guard
      case .success(let response) = await send(
        .get, place.manifest(digest), exchange, maximumBodySize: ImageIndex.maximumSize), response.status == 200
    else { return [] }
    return ImageIndex.platformDigests(response.body)
  }
}

/// An index of manifests (OCI image specification, "OCI Image Index"), as far as it matters here.
enum ImageIndex {
  /// The most that registries must take (OCI distribution specification, "Pushing manifests").
  static let maximumSize = 4 << 20
  /// More platforms than this no image has.
  private static let limit = 64

  private struct Body: Decodable {
    var manifests: [Entry]
  }

  private struct Entry: Decodable {
    var digest: String
    var platform: Platform?
  }

  private struct Platform: Decodable {
    var os: String?
  }

  /// Without attestations, which are listed for the platform `unknown`.
  static func platformDigests(_ body: [UInt8]) -> [String] {
    guard let index = try? JSONDecoder().decode(Body.self, from: Data(body)) else { return [] }
    return index.manifests.filter { $0.platform?.os != "unknown" }.prefix(limit).map(\.digest)
  }
}
