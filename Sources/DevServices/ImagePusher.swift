public import HTTPClient

/// Pushes tiny images by a registry's HTTP API (OCI distribution specification, "Push"), without a container engine.
///
/// Each is a real image manifest without layers, over the empty configuration; two with different labels have different
/// digests.
public struct ImagePusher: Sendable {
  private let client: HTTPClient
  private let registry: HTTPURL
  private let authorization: String?

  /// The empty JSON object, for which the OCI image specification fixes the digest ("Guidance for an Empty Descriptor").
  private static let empty = Array("{}".utf8)
  private static let emptyDigest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
  private static let manifestType = "application/vnd.oci.image.manifest.v1+json"
  private static let indexType = "application/vnd.oci.image.index.v1+json"

  /// - Parameter authorization: for the `Authorization` header.
  public init(client: HTTPClient, registry: HTTPURL, authorization: String? = nil) {
    self.client = client
    self.registry = registry
    self.authorization = authorization
  }

  /// Pushes an image and returns its digest.
  @discardableResult
  public func push(_ repository: String, tag: String, label: String) async throws -> String {
    try await uploadConfiguration(repository)
    return try await put(manifest(label), as: Self.manifestType, repository, tag)
  }

  /// Pushes an index over one image for each platform; returns the index's digest and the images'.
  public func pushIndex(
    _ repository: String, tag: String, platforms: [String]
  ) async throws -> (index: String, platforms: [String]) {
    var digests: [String] = []
    var entries: [String] = []
    for platform in platforms {
      let body = manifest("\(tag) for \(platform)")
      digests.append(try await push(repository, tag: "\(tag)-\(platform)", label: "\(tag) for \(platform)"))
      entries.append(
        #"{"mediaType":"\#(Self.manifestType)","digest":"\#(digests.last ?? "")","size":\#(body.count),"#
          + #""platform":{"os":"linux","architecture":"\#(platform)"}}"#)
    }
    let index =
      #"{"schemaVersion":2,"mediaType":"\#(Self.indexType)","manifests":[\#(entries.joined(separator: ","))]}"#
    return (try await put(Array(index.utf8), as: Self.indexType, repository, tag), digests)
  }

  /// Deletes a manifest by its digest.
  public func delete(_ repository: String, digest: String) async throws {
    _ = try await send(.delete, url("\(repository)/manifests/\(digest)"), expecting: 202)
  }

  private func manifest(_ label: String) -> [UInt8] {
    Array(
      (#"{"schemaVersion":2,"mediaType":"\#(Self.manifestType)","config":{"mediaType":"#
        + #""application/vnd.oci.image.config.v1+json","size":2,"digest":"\#(Self.emptyDigest)"},"layers":[],"#
        + #""annotations":{"org.opencontainers.image.version":"\#(label)"}}"#).utf8)
  }

  private func uploadConfiguration(_ repository: String) async throws {
    let begun = try await send(.post, url("\(repository)/blobs/uploads/"), body: [], expecting: 202)
    guard let location = begun.headers["Location"] else { throw ServiceFailure("the registry begins no upload") }
    var target = location.hasPrefix("/") ? registry : try HTTPURL(parsing: location)
    if location.hasPrefix("/") {
      let parts = location.split(separator: "?", maxSplits: 1)
      target.path = String(parts[0])
      target.query = parts.count > 1 ? String(parts[1]) : nil
    }
    target.query = (target.query.map { $0 + "&" } ?? "") + "digest=\(Self.emptyDigest)"
    _ = try await send(.put, target, body: Self.empty, type: "application/octet-stream", expecting: 201)
  }

  private func put(_ manifest: [UInt8], as type: String, _ repository: String, _ tag: String) async throws -> String {
    let answer = try await send(
      .put, url("\(repository)/manifests/\(tag)"), body: manifest, type: type, expecting: 201)
    guard let digest = answer.headers["Docker-Content-Digest"] else {
      throw ServiceFailure("the registry says no digest of what was pushed")
    }
    return digest
  }

  private func url(_ path: String) -> HTTPURL {
    var url = registry
    url.path = "/v2/\(path)"
    return url
  }

  private func send(
    _ method: HTTPMethod, _ url: HTTPURL, body: [UInt8]? = nil, type: String? = nil, expecting status: Int
  ) async throws -> HTTPResponse {
    var request = HTTPRequest(method, url, body: body)
    request.headers["Authorization"] = authorization
    request.headers["Content-Type"] = type
    let response = try await client.execute(request)
    guard response.status == status else {
      let said = String(decoding: response.body.prefix(300), as: UTF8.self)
      throw ServiceFailure("\(method.rawValue) \(url.path): \(response.status), and not \(status): \(said)")
    }
    return response
  }
}
