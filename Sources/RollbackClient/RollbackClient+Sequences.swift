public import RollbackMessages

extension RollbackClient {
  /// Rolls an app back and tells its story: an accepted frame, progress frames, a finished frame.
  ///
  /// Nothing happens before the first frame is asked for. A request id is made where the request has none, so that the
  /// call survives lost connections and restarts of the daemon: it is repeated, or its deploy attached to from the frame
  /// where it was, and the frames come as one sequence without holes that the daemon did not make or repeats. Iterating
  /// again joins the same operation. Ceasing to iterate ends the watching, never the rollout.
  public func rollback(_ request: RollbackRequest) -> RolloutFrames {
    var request = request
    let isOurs = request.options.giveRequestID()
    return RolloutFrames(self, .rollback(request), isRequestIDOurs: isOurs)
  }

  /// Deploys an image forward; otherwise as ``rollback(_:)``.
  public func deploy(_ request: DeployRequest) -> RolloutFrames {
    var request = request
    let isOurs = request.options.giveRequestID()
    return RolloutFrames(self, .deploy(request), isRequestIDOurs: isOurs)
  }

  /// Attaches to a deploy from a frame on: what was, then what comes, up to the finished frame.
  public func watchDeploy(_ request: WatchDeployRequest) -> RolloutFrames {
    RolloutFrames(self, .watch(request), isRequestIDOurs: false)
  }

  /// Audit events that match, newest first, then with `follow` those that are written later, oldest first.
  ///
  /// Pages are asked for one by one as the events are read, so memory stays at one page however long the trail is, and
  /// a slow reader holds up nobody. `limit` is for what is there already; followed events are not counted.
  public func auditEvents(_ request: AuditQueryRequest = AuditQueryRequest()) -> AuditEvents {
    AuditEvents(self, request)
  }

  /// The whole history of an app, newest first; pages are asked for as they are read.
  public func allDeploys(app: String, eligibleOnly: Bool = false) -> Paged<DeployRecord> {
    Paged { (token) async throws(RollbackError) in
      let page = try await self.listDeploys(
        ListDeploysRequest(app: app, pageSize: 100, pageToken: token, eligibleOnly: eligibleOnly))
      return (page.deploys, page.nextPageToken)
    }
  }

  /// Every app, by name; pages are asked for as they are read.
  public func allApps() -> Paged<App> {
    Paged { (token) async throws(RollbackError) in
      let page = try await self.listApps(ListAppsRequest(pageToken: token))
      return (page.apps, page.nextPageToken)
    }
  }

  /// Every migration of an app, newest first; pages are asked for as they are read.
  public func allMigrations(app: String) -> Paged<Migration> {
    Paged { (token) async throws(RollbackError) in
      let page = try await self.listMigrations(ListMigrationsRequest(app: app, pageToken: token))
      return (page.migrations, page.nextPageToken)
    }
  }
}

extension RolloutOptions? {
  /// Makes a request id where there is none; true when it did.
  fileprivate mutating func giveRequestID() -> Bool {
    var options = self ?? RolloutOptions()
    guard options.requestID.isEmpty else { return false }
    options.requestID = UUIDText.random()
    self = options
    return true
  }
}
