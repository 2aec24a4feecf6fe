internal import ArgumentParser
internal import RollbackClient
internal import RollbackMessages

struct RollbackVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Puts an app back on an earlier deploy's image, and watches until it runs.",
    discussion: """
      Without a deploy the target is the last known good one; on a terminal you may choose another from the list. Only \
      the image is restored: never environment variables, secrets, database schema or volumes.

      You are asked before anything happens. Where nobody can be asked, --yes is needed. Once accepted, the rollback \
      goes on whatever becomes of this program; Ctrl-C ends the watching only.

      EXAMPLES
        rollbackctl rollback hello --reason "500s since v3"
        rollbackctl rollback hello previous --yes
        rollbackctl rollback hello -2
        rollbackctl rollback hello 0bd91e44 --yes --output ndjson
        rollbackctl rollback hello 0bd91e44 --expect-current 9f31c2a0
        rollbackctl rollback hello --yes --detach
        rollbackctl rollback hello --cancel-running --yes

      The last is the way out when a bad deploy hangs and nobody wants to wait for it.
      """)

  @Argument(help: "The app's name or id.")
  var app: String

  @Argument(help: "Which deploy: an id or the beginning of one, previous, -2. Default: the last known good one.")
  var deploy: DeployWord?

  @OptionGroup var flags: RolloutFlags
  @OptionGroup var common: CommonOptions

  var isStream: Bool { true }

  func check(_ console: any Console) throws {
    guard flags.yes || console.canAsk else { throw RolloutQuestion.cannotAsk("rollback") }
    _ = try common.token()
  }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    var request = RollbackRequest(
      app: app, target: deploy?.word ?? "", options: flags.options(token: try common.token()))
    if !flags.yes {
      switch try await RollbackQuestion(context: context, app: app, flags: flags).ask(request.target) {
      // What was agreed to, and nothing that came in between.
      case .agreed(let target): request.target = target
      case .declined: throw RolloutQuestion.declined
      case .nothingToDo(let plan): return try tellNothingToDo(plan, context)
      }
    }
    let run = RolloutRun(
      context, .rollback(request), isDetached: flags.detach, isPreviewed: !flags.yes,
      ways: ConflictWays(context.invocation, flags))
    return try await run.run()
  }

  /// As the daemon ends a rollback to what runs already.
  private func tellNothingToDo(_ plan: PlanRollbackResponse, _ context: CommandContext) throws -> ProgramStatus {
    let finished = RolloutFinished(
      deploy: plan.from ?? plan.target, outcome: .alreadyCurrent, message: "nothing to do: \(plan.refusalMessage)",
      elapsed: .zero)
    let console = context.console
    if context.format == .table {
      let result = RolloutResult(finished: finished, app: app)
      try console.write(result.text(width: console.output.width, style: console.output.style))
    } else {
      try context.write(RolloutFrame(seq: 1, at: console.now, kind: .finished(finished)).json(deployID: ""))
    }
    return .done
  }
}
