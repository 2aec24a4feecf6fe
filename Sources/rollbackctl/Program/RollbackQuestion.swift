internal import RollbackClient
internal import RollbackMessages

/// Finds out with a person where to roll back to.
struct RollbackQuestion {
  var context: CommandContext
  var app: String
  var flags: RolloutFlags

  enum Answer {
    /// To the deploy of this id.
    case agreed(String)
    case declined
    /// What was named is what runs.
    case nothingToDo(PlanRollbackResponse)
  }

  /// - Parameter word: what was named on the command line; empty: choose.
  func ask(_ word: String) async throws -> Answer {
    let plan: PlanRollbackResponse
    if word.isEmpty {
      guard let chosen = try await choose() else { return .declined }
      plan = chosen
    } else {
      plan = try await self.plan(word)
    }
    if plan.refusalReason == ErrorReason.alreadyCurrent.rawValue { return .nothingToDo(plan) }
    if let failure = failure(of: plan, word) { throw failure }
    var preview = RolloutPreview(app: app, plan)
    preview.conflict = flags.cancelRunning ? .cancel : flags.waitForLock.map { .wait($0.duration) }
    guard try await RolloutQuestion(context: context).agrees(to: preview) else { return .declined }
    return .agreed(plan.target?.id ?? word)
  }

  // MARK: The daemon's plan

  private func plan(_ word: String) async throws -> PlanRollbackResponse {
    try await context.daemon.planRollback(
      PlanRollbackRequest(
        app: app, target: word, expectCurrent: flags.expectCurrent?.word ?? "",
        requireImageCheck: flags.requireImageCheck))
  }

  /// Why it would not be accepted; nil where it would, or where the flags say what to do about it.
  private func failure(of plan: PlanRollbackResponse, _ word: String) -> CommandFailure? {
    let isDealtWith = flags.cancelRunning || flags.waitForLock != nil
    let reason = ErrorReason(rawValue: plan.refusalReason)
    guard !plan.allowed, reason != .conflict || !isDealtWith else { return nil }
    var failure = RefusalHints.failure(plan, app: app, word: word)
    if reason == .conflict, let inFlight = plan.inFlight {
      failure.hints = ConflictWays(context.invocation, flags).hints(inFlight.id)
    }
    return failure
  }

  // MARK: Choosing

  /// - Returns: the plan for what was chosen; nil when nothing was.
  private func choose() async throws -> PlanRollbackResponse? {
    let suggested = try await plan("")
    // What stands against any target is said before one is chosen.
    let isAboutTarget = suggested.target == nil && suggested.refusalReason == ErrorReason.notFound.rawValue
    if !isAboutTarget, let failure = failure(of: suggested, "") { throw failure }
    let history = try await list(with: suggested)
    guard history.deploys.contains(where: history.isTarget) else {
      throw CommandFailure(.notFound, "App \(app) has no earlier deploy that can be rolled back to.")
    }
    if context.console.canPick {
      guard let id = try await pick(from: history) else { return nil }
      return id == suggested.target?.id ? suggested : try await plan(id)
    }
    return try await name(from: history, suggested)
  }

  /// The newest deploys, and the suggested one where it is older.
  private func list(with suggested: PlanRollbackResponse) async throws -> DeployHistory {
    let size: UInt32 = context.console.canPick ? 100 : 20
    var deploys = try await context.daemon.listDeploys(ListDeploysRequest(app: app, pageSize: size)).deploys
    let target = suggested.target
    if let target, !deploys.contains(where: { $0.id == target.id }) { deploys.append(target) }
    return DeployHistory(deploys: deploys, defaultTarget: target?.id ?? "", undoes: suggested.undoes?.id ?? "")
  }

  /// With the arrow keys.
  private func pick(from history: DeployHistory) async throws -> String? {
    let console = context.console
    var picker = DeployPicker(history: history, app: app)
    var drawn = 0
    func draw(_ lines: [String]) {
      // ECMA-48: CUU moves up, ED erases to the end.
      let erasure = drawn == 0 ? "" : "\r\u{1B}[\(drawn)A\u{1B}[J"
      console.tell(erasure + lines.map { $0 + "\n" }.joined())
      drawn = lines.count
    }
    func drawPicker() {
      let traits = console.progress
      draw(
        picker.lines(
          width: traits.width ?? 80, height: traits.height, style: traits.style, now: console.now,
          localTime: console.localTime))
    }
    return try await console.withKeys { keys in
      drawPicker()
      defer { draw([]) }
      for await key in keys {
        switch picker.handle(key) {
        case .draw: drawPicker()
        case .chosen(let id): return id
        case .left: return nil
        }
      }
      if Task.isCancelled {
        throw CommandFailure(.interrupted, "Interrupted; nothing was done.", status: .interrupted)
      }
      return nil
    }
  }

  /// In lines, for terminals on which nothing can be redrawn.
  private func name(
    from history: DeployHistory, _ suggested: PlanRollbackResponse
  ) async throws -> PlanRollbackResponse? {
    let console = context.console
    let table = DeployTable(history: history, now: console.now, localTime: console.localTime, isNumbered: true)
    let traits = console.progress
    console.tell(table.table.text(width: traits.width, style: traits.style))
    let offer = suggested.target.map { " [\(shortID($0.id))]" } ?? ""
    while true {
      console.tell("Roll back to which? Number or id, q to quit\(offer): ")
      guard let line = try await console.readLine() else {
        console.tell("\n")
        return nil
      }
      let answer = line.trimmed
      if ["q", "quit", "n", "no"].contains(answer.lowercased()) { return nil }
      if answer.isEmpty, suggested.target != nil { return suggested }
      if answer.isEmpty { continue }
      var word = answer
      if let number = Int(answer), history.deploys.indices.contains(number - 1), answer.count <= 2 {
        let deploy = history.deploys[number - 1]
        guard history.isTarget(deploy) else {
          console.tell("\(shortID(deploy.id)) is no target: \(history.obstacle(to: deploy).displayed)\n")
          continue
        }
        word = deploy.id
      }
      do {
        let plan = try await plan(word)
        guard plan.target == nil || plan.refusalReason == ErrorReason.alreadyCurrent.rawValue else { return plan }
        console.tell(plan.refusalMessage.displayed + "\n")
      } catch let error as RollbackError where error.reason == .invalidArgument {
        console.tell(error.message.displayed + "\n")
      }
    }
  }
}
