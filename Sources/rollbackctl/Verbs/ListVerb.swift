internal import ArgumentParser
internal import RollbackMessages

struct ListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Shows the history of an app, and which deploys a rollback may go back to.",
    discussion: """
      The newest deploy comes first. * marks the deploy that counts as running, > the one that a rollback without a \
      target goes to: the newest earlier deploy that went live, was not itself rolled back from, and can be rolled back \
      to. MIGR counts the migrations applied since the deploy was created.

      EXAMPLES
        rollbackctl list hello
        rollbackctl list hello --eligible --limit 5
        rollbackctl list hello --all --output ndjson | jq -r 'select(.status == "failed").id'
      """)

  @Argument(help: "The app's name or id.")
  var app: String

  @Option(help: "How many deploys, 1 to 500.")
  var limit: UInt32 = 20

  @Flag(help: "Only deploys that a rollback may go back to.")
  var eligible = false

  @Flag(help: "The whole history.")
  var all = false

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func validate() throws {
    guard (1...500).contains(limit) else { throw ValidationError("--limit must be 1 to 500.") }
  }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    var request = ListDeploysRequest(app: app, pageSize: all ? 500 : limit, eligibleOnly: eligible)
    var page = try await context.daemon.listDeploys(request)
    while all, !page.nextPageToken.isEmpty {
      request.pageToken = page.nextPageToken
      let next = try await context.daemon.listDeploys(request)
      page.deploys += next.deploys
      page.nextPageToken = next.nextPageToken
    }
    switch context.format {
    case .json: try context.write(page.json)
    case .ndjson: for deploy in page.deploys { try context.write(deploy.json) }
    case .table: try writeTable(page, context)
    }
    return .done
  }

  private func writeTable(_ page: ListDeploysResponse, _ context: CommandContext) throws {
    let console = context.console
    guard !page.deploys.isEmpty else {
      let what = eligible ? "no deploy that a rollback may go back to" : "no deploys yet"
      return console.tell("App \(app.displayed) has \(what).\n")
    }
    let table = DeployTable(
      history: DeployHistory(deploys: page.deploys), now: console.now, localTime: console.localTime)
    try console.write(table.table.text(width: console.output.width, style: console.output.style))
    if !page.nextPageToken.isEmpty {
      console.tell("There are more: pass --limit or --all.\n")
    }
  }
}
