public import RollbackMessages

extension RollbackService {
  /// Replays a deploy's frames from a number on, then follows it to its end, wherever it runs.
  public func watchDeploy(
    _ request: WatchDeployRequest, from caller: Caller, send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws {
    try await authorize(caller, .watchDeploy)
    guard request.fromSeq <= UInt64(Int64.max) else {
      throw ServiceError(.invalidArgument, "from_seq \(request.fromSeq) is beyond every frame's number")
    }
    let id = try await deployToWatch(request)
    try await follow(id, from: max(request.fromSeq, 1), joined: false, send: send)
  }

  private func deployToWatch(_ request: WatchDeployRequest) async throws -> String {
    if let id = RequestCheck.canonicalUUID(request.deploy) { return id }
    guard !request.app.isEmpty else {
      guard !request.deploy.isEmpty else {
        throw ServiceError(.invalidArgument, "name a deploy, or an app to watch its newest deploy")
      }
      _ = try RequestCheck.uuid(request.deploy, "deploy")
      return request.deploy
    }
    let app = try await app(named: request.app)
    if request.deploy.isEmpty {
      guard let newest = try await deploys.deploys(of: app, after: nil, limit: 1, eligibleOnly: false).first else {
        throw ServiceError(.notFound, "app \(app.name) has no deploys yet")
      }
      return newest.id
    }
    try RequestCheck.text(request.deploy, "deploy", limit: 64)
    guard let situation = try await deploys.situation(of: app.id, naming: request.deploy, requestID: "") else {
      throw unknownApp(request.app)
    }
    let prefix = request.deploy.lowercased()
    var ids: [String] = []
    for deploy in situation.deploys + situation.named where deploy.id.hasPrefix(prefix) && !ids.contains(deploy.id) {
      ids.append(deploy.id)
    }
    guard let id = ids.first else {
      throw ServiceError(.notFound, "app \(app.name) has no deploy \(RequestCheck.quoted(request.deploy))")
    }
    guard ids.count == 1 else {
      throw ServiceError(
        .invalidArgument,
        "\(RequestCheck.quoted(request.deploy)) is the beginning of several deploys of app \(app.name); give more digits"
      )
    }
    return id
  }

  /// Sends frames from `sequence` on to the end: stored ones first, then those of its feed, where the operation runs here,
  /// or of what another host stores.
  func follow(
    _ deployID: String, from sequence: UInt64, joined: Bool, send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws {
    var cursor = WatchCursor(next: sequence, joined: joined)
    while true {
      if let feed = supervisor.feed(of: deployID) {
        try await follow(feed, &cursor, send: send)
        if cursor.isOver { return }
        // The feed ended without an outcome: another host goes on, and stores the frames.
      }
      if supervisor.isStopping {
        throw ServiceError(
          .unavailable, "this daemon is stopping; the rollout goes on, attach again to watch it",
          details: ["deploy_id": deployID])
      }
      try await replay(deployID, &cursor, upTo: .max, send: send)
      if cursor.isOver { return }
      if supervisor.feed(of: deployID) == nil {
        if try await endWithoutFrames(deployID, &cursor, send: send) { return }
        try await remote.watch(deployID) { feed in
          try await follow(feed, &cursor, send: send)
        }
        if cursor.isOver { return }
      }
      if supervisor.isStopping || supervisor.feed(of: deployID)?.isEnded == false { continue }
      // It changes hands, or the database is away.
      try await clock.sleep(until: clock.now.advanced(by: .milliseconds(500)), tolerance: nil)
    }
  }

  /// To the end of a feed.
  func follow(
    _ feed: RolloutFeed, _ cursor: inout WatchCursor, send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws {
    try await replay(feed.deployID, &cursor, upTo: feed.firstRetained, send: send)
    for await frame in feed.frames(from: cursor.next) {
      try await cursor.deliver(frame, send)
      if cursor.isOver { return }
    }
    try Task.checkCancellation()
  }

  private func replay(
    _ deployID: String, _ cursor: inout WatchCursor, upTo limit: UInt64,
    send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws {
    while cursor.next < limit, !cursor.isOver {
      let frames = try await operations.frames(of: deployID, from: cursor.next, limit: 100)
      for frame in frames where frame.seq < limit { try await cursor.deliver(frame, send) }
      // A whole page beyond the limit brings the cursor no further.
      guard frames.count == 100, let last = frames.last, last.seq < limit else { return }
    }
  }

  /// A deploy that ended and has no finished frame was another program's: its row tells how it ended.
  private func endWithoutFrames(
    _ deployID: String, _ cursor: inout WatchCursor, send: @Sendable (RolloutFrame) async throws -> Void
  ) async throws -> Bool {
    guard let (_, deploy) = try await deploys.deploy(deployID) else {
      throw ServiceError(.notFound, "there is no deploy \(deployID)")
    }
    guard deploy.status.isEnded else { return false }
    // The outcome and its frame are one transaction: one more look cannot miss it.
    try await replay(deployID, &cursor, upTo: .max, send: send)
    if cursor.isOver { return true }
    // A watcher that asks from behind the last frame is told the end all the same.
    if var last = try await operations.newestFrame(of: deployID), case .finished = last.kind {
      last.seq = max(last.seq, cursor.next)
      try await cursor.deliver(last, send)
      return true
    }
    let outcome: RolloutOutcome =
      switch deploy.status {
      case .live: .succeeded
      case .superseded: .superseded
      case .cancelled: .cancelled
      default: .failed
      }
    let finished = RolloutFinished(
      deploy: deploy, outcome: outcome, message: "deploy \(deploy.id.prefix(8)) is \(deploy.status.word)",
      target: OperationTiming.target, replicas: deploy.replicas)
    try await cursor.deliver(RolloutFrame(seq: cursor.next, at: deploy.finishedAt, kind: .finished(finished)), send)
    return true
  }
}

/// Where a watcher is.
struct WatchCursor {
  var next: UInt64
  let joined: Bool
  var isOver = false

  init(next: UInt64, joined: Bool) {
    self.next = next
    self.joined = joined
  }

  mutating func deliver(_ frame: RolloutFrame, _ send: @Sendable (RolloutFrame) async throws -> Void) async throws {
    var frame = frame
    if joined, case .accepted(var accepted)? = frame.kind {
      accepted.joined = true
      frame.kind = .accepted(accepted)
    }
    try await send(frame)
    next = frame.seq + 1
    if case .finished? = frame.kind { isOver = true }
  }
}
