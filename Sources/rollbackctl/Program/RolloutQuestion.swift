internal import RollbackClient
internal import RollbackMessages

/// Asks a person before something is rolled out.
struct RolloutQuestion {
  var context: CommandContext

  static func cannotAsk(_ verb: String) -> CommandFailure {
    .usage("A \(verb) asks before it begins, and nobody can answer here: pass --yes to go ahead without.")
  }

  /// Nothing was done, as was wished.
  static let declined = CommandFailure(.cancelled, "Nothing was done.", status: .unexpected)

  /// Shows what would happen and asks; anything but yes is no.
  func agrees(to preview: RolloutPreview) async throws -> Bool {
    let console = context.console
    let traits = console.progress
    console.tell(
      preview.text(width: traits.width, style: traits.style, now: console.now, localTime: console.localTime))
    console.tell("Proceed? [y/N] ")
    let answer = try await console.readLine()
    if answer == nil { console.tell("\n") }
    return ["y", "yes"].contains(answer?.trimmed.lowercased())
  }
}

/// Finds out with a person where to roll back to.
struct RollbackQuestion {
  var context: CommandContext
  var app: String

  /// - Parameter word: what was named on the command line; empty: choose.
  /// - Returns: the id of the deploy that was agreed to; nil when none was.
  func ask(_ word: String) async throws -> String? {
    var word = word
    var history: DeployHistory?
    if word.isEmpty {
      let known = try await wholeHistory(upTo: "")
      history = known
      guard let chosen = try await choose(from: known) else { return nil }
      word = chosen
    }
    let preview = try await preview(word, history)
    guard try await RolloutQuestion(context: context).agrees(to: preview) else { return nil }
    return preview.target?.id ?? word
  }

  // MARK: Choosing

  /// - Returns: the id of the deploy that was chosen; nil for none.
  private func choose(from history: DeployHistory) async throws -> String? {
    let console = context.console
    let shown = DeployHistory(deploys: Array(history.deploys.prefix(20)))
    let good = history.lastKnownGood
    guard good != nil || shown.deploys.contains(where: shown.isTarget) else {
      throw CommandFailure(.notFound, "App \(app) has no earlier deploy that can be rolled back to.")
    }
    let table = DeployTable(history: shown, now: console.now, localTime: console.localTime, isNumbered: true)
    let traits = console.progress
    console.tell(table.table.text(width: traits.width, style: traits.style))
    let suggestion = good.map { " [\(shortID($0.id))]" } ?? ""
    while true {
      console.tell("Roll back to which? Number or id, q to quit\(suggestion): ")
      guard let line = try await console.readLine() else {
        console.tell("\n")
        return nil
      }
      let answer = line.trimmed
      if ["q", "quit", "n", "no"].contains(answer.lowercased()) { return nil }
      if answer.isEmpty, let good { return good.id }
      if answer.isEmpty { continue }
      do {
        let deploy = try picked(answer, shown, history)
        guard history.isTarget(deploy) else {
          let why = deploy.current ? "it is what runs now" : deploy.notRollbackableReason
          console.tell("\(shortID(deploy.id)) is no target: \(why.displayed)\n")
          continue
        }
        return deploy.id
      } catch let failure as CommandFailure {
        console.tell(failure.message.displayed + "\n")
      }
    }
  }

  /// A number of the list, or a word for a deploy.
  private func picked(_ answer: String, _ shown: DeployHistory, _ history: DeployHistory) throws -> DeployRecord {
    if let number = Int(answer), (1...shown.deploys.count).contains(number), answer.count <= 2 {
      return shown.deploys[number - 1]
    }
    return try history.deploy(named: answer, app: app)
  }

  // MARK: What would happen

  /// The daemon's plan; by the list where it makes none yet.
  private func preview(_ word: String, _ known: DeployHistory?) async throws -> RolloutPreview {
    do {
      let plan = try await context.daemon.planRollback(PlanRollbackRequest(app: app, target: word))
      guard plan.allowed || plan.refusalReason == ErrorReason.alreadyCurrent.rawValue else {
        throw CommandFailure(ErrorReason(rawValue: plan.refusalReason), plan.refusalMessage)
      }
      return RolloutPreview(app: app, plan)
    } catch let error as RollbackError where error.reason == .unimplemented {
      let history: DeployHistory
      if let known { history = known } else { history = try await wholeHistory(upTo: word) }
      let target = try history.deploy(named: word, app: app)
      return RolloutPreview(
        kind: .rollback, app: app, namespace: await context.namespace(of: app), from: history.current, target: target,
        targetTimeLive: history.timeLive(of: target), warnings: await warnings(of: target))
    }
  }

  /// The list, as many pages as it takes to find what is named; the newest 500 deploys where nothing is.
  private func wholeHistory(upTo word: String) async throws -> DeployHistory {
    var request = ListDeploysRequest(app: app, pageSize: 500)
    var deploys: [DeployRecord] = []
    while true {
      let page = try await context.daemon.listDeploys(request)
      deploys += page.deploys
      let history = DeployHistory(deploys: deploys)
      guard !page.nextPageToken.isEmpty, !word.isEmpty, (try? history.deploy(named: word, app: app)) == nil else {
        return history
      }
      request.pageToken = page.nextPageToken
    }
  }

  /// The one warning that the list can give; the daemon gives the others when it accepts.
  private func warnings(of target: DeployRecord) async -> [Warning] {
    guard target.migrationsSince > 0 else { return [] }
    let page = try? await context.daemon.listMigrations(ListMigrationsRequest(app: app, pageSize: 20))
    let since = (page?.migrations ?? []).filter { migration in
      guard let applied = migration.appliedAt, let created = target.createdAt else { return false }
      return applied > created
    }
    var details = since.reversed().map { migration in
      let title = migration.name.isEmpty ? migration.version : "\(migration.version)_\(migration.name)"
      return title + (migration.appliedAt.map { " (\($0.rfc3339))" } ?? "")
    }
    let more = Int(target.migrationsSince) - details.count
    if more > 0 { details.append("\(more) more") }
    return [
      Warning(
        code: "schema_mismatch",
        message: "Migrations have been applied since this deploy. Schema mismatch possible.", details: details)
    ]
  }
}

extension CommandContext {
  /// Where the app runs, to show it; empty where that cannot be found out.
  func namespace(of app: String) async -> String {
    let page = try? await daemon.listApps(ListAppsRequest(pageSize: 500))
    return page?.apps.first { $0.name == app || $0.id == app }?.namespace ?? ""
  }
}

extension String {
  /// Without white space at either end.
  var trimmed: String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }
}
