public import RollbackMessages

extension RollbackService {
  /// Makes an app known.
  public func registerApp(_ request: RegisterAppRequest, from caller: Caller) async throws -> RegisterAppResponse {
    try await authorize(caller, .registerApp)
    let author = AuditedAuthor(caller: caller, actorID: authorization.actors[caller.userID])
    return try await auditingRefusals("app.register", app: request.name, target: request.name, by: author) {
      try RequestCheck.app(request.name)
      guard RequestCheck.canonicalUUID(request.name) == nil else {
        throw ServiceError(
          .invalidArgument,
          "app \(RequestCheck.quoted(request.name)) looks like an app's id; choose a name that is no UUID")
      }
      try RequestCheck.objectName(request.namespace, "namespace")
      try RequestCheck.objectName(request.deployment, "deployment")
      try RequestCheck.objectName(request.container, "container")
      let app = App(
        name: request.name, namespace: request.namespace, deployment: request.deployment, container: request.container)
      let (registered, created) = try await deploys.register(app, by: author)
      return RegisterAppResponse(app: registered, created: created)
    }
  }

  /// Every app, by name.
  public func listApps(_ request: ListAppsRequest, from caller: Caller) async throws -> ListAppsResponse {
    try await authorize(caller, .listApps)
    let size = try RequestCheck.pageSize(request.pageSize, default: 100, limit: 500)
    var apps = try await deploys.apps(after: request.pageToken, limit: size + 1)
    let isLast = apps.count <= size
    if !isLast { apps.removeLast() }
    return ListAppsResponse(apps: apps, nextPageToken: isLast ? "" : apps.last?.name ?? "")
  }
}
