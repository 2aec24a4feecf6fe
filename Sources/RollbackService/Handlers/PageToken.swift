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
    guard parts.count == 2, let createdAt = Int64(parts[0]), let id = RequestCheck.canonicalUUID(String(parts[1]))
    else {
      throw ServiceError(.invalidArgument, "page_token \(RequestCheck.quoted(text)) is none that a page ended with")
    }
    position = DeployPosition(createdAt: createdAt, id: id)
  }

  var text: String { "\(position.createdAt).\(position.id)" }
}
