internal import ArgumentParser
internal import RollbackMessages

struct PlanVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Shows what a rollback would do and warn about. Changes nothing.",
    discussion: """
      Ends with 0 when the rollback would be accepted now, else with the status that it would end with.

      EXAMPLES
        rollbackctl plan hello
        rollbackctl plan hello previous
        rollbackctl plan hello 77aa01bc --output json
      """)

  @Argument(help: "The app's name or id.")
  var app: String

  @Argument(help: "Which deploy: an id or the beginning of one, previous, -2. Default: the last known good one.")
  var deploy: DeployWord?

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let plan = try await context.daemon.planRollback(PlanRollbackRequest(app: app, target: deploy?.word ?? ""))
    let console = context.console
    if context.format == .table {
      let preview = RolloutPreview(app: app, plan)
      var text = preview.text(
        width: console.output.width, style: console.output.style, now: console.now, localTime: console.localTime)
      if plan.allowed {
        let target = plan.target.map { " " + shortID($0.id) } ?? ""
        text += "Nothing was changed.   do it: rollbackctl rollback \(app)\(target)\n".displayedLine
      } else {
        text += "It would be refused (\(plan.refusalReason)): \(plan.refusalMessage)\n".displayedLine
      }
      try console.write(text)
    } else {
      try context.write(plan.json)
    }
    return plan.allowed ? .done : ProgramStatus(ErrorReason(rawValue: plan.refusalReason))
  }
}

extension RolloutPreview {
  /// What the daemon plans.
  init(app: String, _ plan: PlanRollbackResponse) {
    self.init(
      kind: .rollback, app: app, namespace: plan.namespace, from: plan.from, target: plan.target,
      estimate: plan.estimate, warnings: plan.warnings)
  }
}

extension String {
  /// Displayed, with the line's own end kept.
  fileprivate var displayedLine: String { String(dropLast()).displayed + "\n" }
}
