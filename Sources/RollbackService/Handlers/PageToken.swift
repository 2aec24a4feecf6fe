internal import RollbackMessages

/// Where a page of deploys goes on: opaque to callers, readable to us.
struct PageToken: Hashable, Sendable {
  let position: DeployPosition

  init(_ position: DeployPosition) {
    self.position = position
  }

  /// - Throws: `invalid_argument` for a token that this service did not make.
  init(text: String) throws(ServiceError) {
    let parts = text.split(separator: ".", maxSplits: 1)
    guard parts.count == 2, let createdAt = Int64(parts[0]), createdAt >= Self.earliest,
      let id = RequestCheck.canonicalUUID(String(parts[1]))
    else {
      throw ServiceError(.invalidArgument, "page_token \(RequestCheck.quoted(text)) is none that a page ended with")
    }
    position = DeployPosition(createdAt: createdAt, id: id)
  }

  /// The year 1, in microseconds since 1970: no deploy is older, and every database knows such a time.
  private static let earliest: Int64 = -62_135_596_800_000_000

  var text: String { "\(position.createdAt).\(position.id)" }
}
