public import RollbackMessages

extension RollbackService {
  /// The history of an app, newest first; where it is asked for, with the deploy that a rollback without a target goes
  /// to.
  public func listDeploys(_ request: ListDeploysRequest, from caller: Caller) async throws -> ListDeploysResponse {
    try await authorize(caller, .listDeploys)
    let size = try RequestCheck.pageSize(request.pageSize, default: 20, limit: 500)
    let after = request.pageToken.isEmpty ? nil : try PageToken(text: request.pageToken).position
    let app = try await app(named: request.app)
    async let choice = request.withDefaultTarget ? defaultTarget(of: app) : (target: "", undoes: "")
    // One row more than asked for tells whether there is another page.
    var rows = try await deploys.deploys(of: app, after: after, limit: size + 1, eligibleOnly: request.eligibleOnly)
    var token = ""
    if rows.count > size {
      rows.removeLast()
      if let last = rows.last, let createdAt = last.createdAt {
        token = PageToken(DeployPosition(createdAt: createdAt.microseconds, id: last.id)).text
      }
    }
    let (target, undoes) = try await choice
    return ListDeploysResponse(
      deploys: rows.map(Eligibility.mark), nextPageToken: token, defaultTarget: target, undoes: undoes)
  }

  private func defaultTarget(of app: App) async throws -> (target: String, undoes: String) {
    guard let situation = try await deploys.situation(of: app.id, naming: "", requestID: "") else { return ("", "") }
    return (try await defaultTarget(situation) ?? "", situation.unsettled?.id ?? "")
  }

  /// The app that a request names.
  func app(named name: String) async throws -> App {
    try RequestCheck.app(name)
    guard let app = try await deploys.app(name) else { throw unknownApp(name) }
    return app
  }

  func unknownApp(_ name: String) -> ServiceError {
    ServiceError(
      .notFound, "there is no app \(RequestCheck.quoted(name)); rollbackctl app list shows those there are",
      details: ["app": name])
  }
}
