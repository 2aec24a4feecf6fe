internal import ArgumentParser
internal import RollbackClient
internal import RollbackMessages

struct CancelVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Stops a running deploy, on whatever host it runs, and says what the cluster was left on.",
    discussion: """
      Ends with 0 when the deploy is cancelled; with 6 when it had ended, or ended before the cancellation reached it. \
      Nothing is put back: what the cluster was left on it keeps rolling out. To put another \
      deploy in its place at once, use rollbackctl rollback --cancel-running.

      EXAMPLES
        rollbackctl cancel c4410d7e --reason "wrong image"
      """)

  @Argument(help: "The deploy's id, or the beginning of it; or an app, for its deploy in progress.")
  var deploy: String

  @Option(help: ArgumentHelp("Why, for the record.", valueName: "text"))
  var reason: String = ""

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func check(_ console: any Console) throws { _ = try common.token() }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let id: String
    if let whole = UUIDText.canonical(deploy) {
      id = whole
    } else {
      id = try await DeployFinder(context: context).running(deploy)
    }
    let request = CancelDeployRequest(deploy: id, reason: reason, token: try common.token())
    let response = try await context.daemon.cancelDeploy(request)
    let isCancelled = response.deploy?.status == .cancelled
    guard context.format == .table else {
      try context.write(response.json)
      return isCancelled ? .done : .refused
    }
    let app = response.deploy.map { " of \($0.app)" } ?? ""
    let status = response.deploy.map { "\($0.status.word)" } ?? "cancelled"
    let late = isCancelled ? "" : " It ended before the cancellation reached it."
    let width = context.console.output.width
    var lines = RolloutPreview.wrap("Deploy \(shortID(id))\(app) is \(status).\(late)".displayed, indent: 2, width)
    if !response.leftOn.isEmpty {
      lines += RolloutPreview.wrap("  The cluster was left on: \(response.leftOn.displayed)", indent: 4, width)
    }
    try context.console.write(lines.map { $0 + "\n" }.joined())
    return isCancelled ? .done : .refused
  }
}
