internal import ArgumentParser
internal import RollbackMessages

struct ListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Shows the history of an app, and which deploys a rollback may go back to.",
    discussion: """
      The newest deploy comes first. * marks the deploy that counts as running, > the one that a rollback without a \
      target goes to: the newest earlier deploy that went live, was not itself rolled back from, and can be rolled back \
      to, by the daemon's own choice, on whatever page. MIGR counts the migrations applied since the deploy was created.

      EXAMPLES
        rollbackctl list hello
        rollbackctl list hello --eligible --limit 5
        rollbackctl list hello --page-token 1795488430000000.0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60
        rollbackctl list hello --all --output ndjson | jq -r 'select(.status == "failed").id'
      """)

  @Argument(help: "The app's name or id.")
  var app: String

  @Option(help: "How many deploys, 1 to 500.")
  var limit: UInt32 = 20

  @Option(help: ArgumentHelp("The next_page_token of an earlier answer: goes on behind it.", valueName: "token"))
  var pageToken: String = ""

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
    var request = ListDeploysRequest(
      app: app, pageSize: all ? 500 : limit, pageToken: pageToken, eligibleOnly: eligible,
      withDefaultTarget: context.format != .ndjson)
    var page = try await context.daemon.listDeploys(request)
    request.withDefaultTarget = false
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
      let what =
        if eligible {
          "no \(pageToken.isEmpty ? "" : "older ")deploy that a rollback may go back to"
        } else {
          pageToken.isEmpty ? "no deploys yet" : "no older deploys"
        }
      return console.tell("App \(app.displayed) has \(what).\n")
    }
    let table = DeployTable(
      history: DeployHistory(page), now: console.now, localTime: console.localTime)
    try console.write(table.table.text(width: console.output.width, style: console.output.style))
    if !page.nextPageToken.isEmpty {
      let text = "There are more: --all for all, --page-token \(page.nextPageToken) to go on."
      console.tell(RolloutPreview.wrap(text.displayed, indent: 2, console.progress.width).map { $0 + "\n" }.joined())
    }
  }
}
