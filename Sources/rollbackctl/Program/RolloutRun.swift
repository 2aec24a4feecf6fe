internal import Locking
internal import RollbackClient
internal import RollbackMessages

/// Follows one rollout and tells its story: progress for people on standard error, frames for programs and the outcome
/// on standard output.
final class RolloutRun: Sendable {
  /// What is followed, in words.
  enum Subject: String, Sendable {
    case rollback, deploy
  }

  private let context: CommandContext
  private let call: RolloutCall
  /// End after the accepted frame.
  private let isDetached: Bool
  /// What it was agreed to was shown already.
  private let isPreviewed: Bool
  /// After this long the watching ends, not the rollout.
  private let patience: Duration?
  /// What to offer where another deploy is in progress.
  private let ways: ConflictWays?
  private let state: Locked<State>

  fileprivate struct State: Sendable {
    var story = RolloutStory()
    var status = StatusLine()
    var tick = 0
    var last: RolloutFrame?
    /// The newest elapsed time that was told, and when.
    var elapsed: (Duration, at: ContinuousClock.Instant)?
  }

  /// Why the following ended before the stream did.
  private enum Early: Error {
    case detached
    case patienceOver
  }

  init(
    _ context: CommandContext, _ call: RolloutCall, isDetached: Bool = false, isPreviewed: Bool = false,
    patience: Duration? = nil, ways: ConflictWays? = nil
  ) {
    self.context = context
    self.call = call
    self.isDetached = isDetached
    self.isPreviewed = isPreviewed
    self.patience = patience
    self.ways = ways
    state = Locked(State())
  }

  func run() async throws -> ProgramStatus {
    do {
      try await follow()
    } catch {
      removeStatus()
      if case Early.detached = error { return try endDetached() }
      throw failure(error)
    }
    removeStatus()
    return try await end()
  }

  // MARK: Following

  private func follow() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { [self] in
        try await context.daemon.follow(call) { frame in try hear(frame) }
      }
      if let patience {
        group.addTask { [clock = context.clock] in
          try await clock.sleep(for: patience)
          throw Early.patienceOver
        }
      }
      if isLive { group.addTask { [self] in try await redraw() } }
      // The first to end is the stream, or what ends it: the others never end of themselves without an error.
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private var isLive: Bool { context.format != .ndjson && context.console.progress.canRedraw }

  private func redraw() async throws {
    while true {
      try await context.clock.sleep(for: .milliseconds(100))
      draw(lines: [])
    }
  }

  private func hear(_ frame: RolloutFrame) throws {
    let (lines, story) = state.withLock { state in
      state.last = frame
      let lines = state.story.hear(frame)
      if let elapsed = frame.elapsed { state.elapsed = (elapsed, .now) }
      return (lines, state.story)
    }
    if context.format == .ndjson {
      try context.console.write(frame.json(deployID: story.deployID).line + "\n")
    } else {
      tell(frame, lines)
    }
    if isDetached, case .accepted? = frame.kind { throw Early.detached }
  }

  private func tell(_ frame: RolloutFrame, _ lines: [RolloutStory.Line]) {
    var header: [String] = []
    if case .accepted(let accepted)? = frame.kind, !isPreviewed, let preview = preview(accepted) {
      let traits = context.console.progress
      let text = preview.text(
        width: traits.width, style: traits.style, now: context.console.now, localTime: context.console.localTime)
      header = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
    let width = context.console.progress.width
    // Where the status line counts the seconds a heartbeat says nothing.
    let told = lines.filter { !isLive || !$0.isHeartbeat }.flatMap { line in
      RolloutPreview.wrap(line.text(context.console.localTime), indent: 20, width)
    }
    draw(lines: header + told)
  }

  /// Nothing of it is said where the frame comes again to somebody who watches.
  private func preview(_ accepted: RolloutAccepted) -> RolloutPreview? {
    switch call {
    case .rollback(let request):
      RolloutPreview(
        kind: .rollback, app: request.app, namespace: accepted.namespace, from: accepted.from,
        undoes: accepted.undoes, target: accepted.target, targetLiveFor: accepted.targetLiveFor,
        imageCheck: accepted.imageCheck, warnings: accepted.warnings)
    case .deploy(let request):
      RolloutPreview(
        kind: .deploy(image: request.image), app: request.app, namespace: accepted.namespace, from: accepted.from,
        warnings: accepted.warnings)
    case .watch:
      RolloutPreview(
        kind: accepted.target == nil ? .deploy(image: accepted.deploy?.imageRef ?? "") : .rollback,
        app: accepted.deploy?.app ?? "", namespace: accepted.namespace, from: accepted.from, undoes: accepted.undoes,
        target: accepted.target, targetLiveFor: accepted.targetLiveFor, imageCheck: accepted.imageCheck,
        warnings: accepted.warnings)
    }
  }

  // MARK: Drawing

  private func draw(lines: [String]) {
    guard isLive else {
      if !lines.isEmpty { context.console.tell(lines.map { $0 + "\n" }.joined()) }
      return
    }
    // Under the lock, so that what two tasks draw does not mix.
    state.withLock { state in
      let traits = context.console.progress
      let isOver = state.story.finished != nil
      let status = isOver ? nil : state.statusText(isUnicode: traits.isUnicode)
      state.tick += 1
      context.console.tell(state.status.draw(status, below: lines, width: traits.width ?? 80))
    }
  }

  private func removeStatus() {
    guard isLive else { return }
    state.withLock { state in
      let text = state.status.draw(nil, width: context.console.progress.width ?? 80)
      if !text.isEmpty { context.console.tell(text) }
    }
  }

  // MARK: The end

  private var subject: Subject {
    switch call {
    case .rollback: .rollback
    case .deploy: .deploy
    case .watch:
      state.withLock { state in state.story.accepted?.target == nil && state.story.accepted != nil }
        ? .deploy : .rollback
    }
  }

  private var app: String {
    switch call {
    case .rollback(let request): return request.app
    case .deploy(let request): return request.app
    case .watch(let request):
      let story = state.withLock { $0.story }
      return story.accepted?.deploy?.app ?? story.finished?.deploy?.app ?? request.app
    }
  }

  private var ofApp: String { app.isEmpty ? "" : " of \(app)" }

  private func end() async throws -> ProgramStatus {
    let (story, last) = state.withLock { ($0.story, $0.last) }
    guard let finished = story.finished else {
      throw failure(RollbackError(.internal, "rollbackd ended the story before its end."))
    }
    switch context.format {
    case .ndjson: break
    case .json: if let last { try context.write(last.json(deployID: story.deployID)) }
    case .table: try await tell(finished, story)
    }
    return ProgramStatus(finished.outcome)
  }

  private func tell(_ finished: RolloutFinished, _ story: RolloutStory) async throws {
    let console = context.console
    let known = Set((story.accepted?.warnings ?? []).map(\.code))
    let isNew = story.accepted != nil
    for warning in finished.warnings where isNew && !known.contains(warning.code) {
      let traits = console.progress
      let lines = WarningText(warning).lines(
        width: traits.width, style: traits.style, now: console.now, localTime: console.localTime)
      console.tell(lines.map { $0 + "\n" }.joined())
    }
    let app = app
    var result = RolloutResult(finished: finished, from: story.accepted?.from, app: app)
    if finished.outcome == .failed || finished.outcome == .timedOut, let deploy = finished.deploy {
      result.next = await wayOut(after: deploy, of: app)
    }
    try console.write(result.text(width: console.output.width, style: console.output.style))
  }

  /// A suggestion is worth a call or two, and no error.
  private func wayOut(after deploy: DeployRecord, of app: String) async -> DeployRecord? {
    if deploy.rollbackOf.isEmpty,
      let target = try? await context.daemon.planRollback(PlanRollbackRequest(app: app)).target
    {
      return target
    }
    let request = ListDeploysRequest(app: app, pageSize: 50, withDefaultTarget: deploy.rollbackOf.isEmpty)
    guard let page = try? await context.daemon.listDeploys(request) else { return nil }
    return DeployHistory(page).wayOut(after: deploy)
  }

  private func endDetached() throws -> ProgramStatus {
    let (story, last) = state.withLock { ($0.story, $0.last) }
    switch context.format {
    case .ndjson: break
    case .json: if let last { try context.write(last.json(deployID: story.deployID)) }
    case .table:
      let command = "rollbackctl watch \(shortID(story.deployID))"
      try context.console.write(
        "ACCEPTED  deploy \(shortID(story.deployID)); it goes on by itself\n    watch: \(command)\n")
    }
    return .done
  }

  /// What ended the following, and that it did not end the rollout.
  private func failure(_ error: any Error) -> CommandFailure {
    let story = state.withLock { $0.story }
    let id = watchedID(story)
    let hint = CommandFailure.Hint(label: "watch", command: "rollbackctl watch \(id.isEmpty ? app : shortID(id))")
    if case Early.patienceOver = error {
      return CommandFailure(
        .deadlineExceeded, "Stopped watching after \(patience?.words ?? "a while"); the \(subject)\(ofApp) goes on.",
        details: details(id), hints: [hint])
    }
    var failure = CommandFailure(error)
    let isBegun = story.accepted != nil || !id.isEmpty
    if failure.status == .interrupted {
      let what = isBegun ? "the \(subject)\(ofApp) goes on." : "if rollbackd accepted it already, it goes on."
      failure = CommandFailure(.interrupted, "Interrupted; " + what, details: details(id), status: .interrupted)
      failure.hints = [hint]
    } else if failure.reason == .conflict, let ways, let deploy = failure.details["deploy_id"], !deploy.isEmpty {
      failure.hints = ways.hints(deploy)
    } else if isBegun {
      failure.hints.append(hint)
      failure.details.merge(details(id)) { theirs, _ in theirs }
    }
    return failure
  }

  /// The deploy that is followed, where that is known by now.
  private func watchedID(_ story: RolloutStory) -> String {
    if case .watch(let request) = call, story.deployID.isEmpty { return request.deploy }
    return story.deployID
  }

  private func details(_ id: String) -> [String: String] { id.isEmpty ? [:] : ["deploy_id": id] }
}

extension RolloutRun.State {
  /// What the line at the bottom says now; nil before there is anything to say.
  fileprivate func statusText(isUnicode: Bool) -> String? {
    guard story.accepted != nil || story.newest != nil else { return nil }
    let progress = story.newest
    let ready = progress?.pods.count { $0.ready } ?? 0
    let now = elapsed.map { $0.0 + $0.at.duration(to: .now) } ?? .zero
    let waiting = progress?.pods.first { !$0.ready }
    let replicas = progress?.replicas ?? story.accepted?.deploy?.replicas
    let status = RolloutStatus(
      phase: progress?.phase.lineWord ?? "accepted", done: ready, desired: Int(replicas?.desired ?? 0), elapsed: now,
      detail: waiting.map { "\($0.name) \($0.state)" } ?? "")
    return status.text(tick: tick, isUnicode: isUnicode)
  }
}

extension RolloutFrame {
  /// The time since the request, by this frame.
  fileprivate var elapsed: Duration? {
    switch kind {
    case .accepted?: .zero
    case .progress(let progress)?: progress.elapsed
    case .finished(let finished)?: finished.elapsed
    case nil: nil
    }
  }
}
