internal import ArgumentParser
internal import RollbackMessages

struct PlanVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Shows what a rollback would do and warn about. Changes nothing.",
    discussion: """
      Ends with 0 when the rollback would be accepted now, else with the status that it would end with; in JSON its \
      error then stands beside the plan, in the form that every command's has.

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
    let word = deploy?.word ?? ""
    let plan = try await context.daemon.planRollback(PlanRollbackRequest(app: app, target: word))
    let console = context.console
    let failure = plan.allowed ? nil : RefusalHints.failure(plan, app: app, word: word)
    if context.format == .table {
      try console.write(text(plan, failure, console))
    } else {
      try context.write(plan.json(error: failure))
    }
    return failure?.status ?? .done
  }

  private func text(_ plan: PlanRollbackResponse, _ failure: CommandFailure?, _ console: any Console) -> String {
    let traits = console.output
    let style = traits.style
    var text = RolloutPreview(app: app, plan).text(
      width: traits.width, style: style, now: console.now, localTime: console.localTime)
    var lines: [String] = []
    if !plan.image.isEmpty {
      let place = "container \(plan.container) of deployment \(plan.namespace)/\(plan.deployment)"
      lines += RolloutPreview.wrap("  Sets \(place) to \(imageText(plan)).".displayed, indent: 4, traits.width)
    }
    if plan.allowed {
      let target = plan.target.map { " " + shortID($0.id) } ?? ""
      lines.append("Nothing was changed.   do it: rollbackctl rollback \(app)\(target)".displayed)
    } else if plan.refusalReason == ErrorReason.alreadyCurrent.rawValue {
      lines += RolloutPreview.wrap("Nothing to do: \(plan.refusalMessage)".displayed, indent: 4, traits.width)
    } else {
      let head = "REFUSED"
      let refusal = RolloutPreview.wrap(
        "\(head) (\(plan.refusalReason)): \(plan.refusalMessage)".displayed, indent: 4, traits.width)
      lines.append(style.bad(head) + (refusal.first ?? "").dropFirst(head.count))
      lines += refusal.dropFirst()
      for hint in failure?.hints ?? [] {
        lines.append("    \(hint.label): \(hint.command)".displayed)
      }
    }
    text += lines.map { $0 + "\n" }.joined()
    return text
  }

  /// With the digest cut: all of it is in the JSON.
  private func imageText(_ plan: PlanRollbackResponse) -> String {
    guard let at = plan.image.firstIndex(of: "@") else { return plan.image }
    return plan.image[...at] + ImageName.digest(String(plan.image[plan.image.index(after: at)...])).long
  }
}

extension RolloutPreview {
  /// What the daemon plans.
  init(app: String, _ plan: PlanRollbackResponse) {
    self.init(
      kind: .rollback, app: app, namespace: plan.namespace, from: plan.from, undoes: plan.undoes, target: plan.target,
      targetLiveFor: plan.targetLiveFor, imageCheck: plan.imageCheck,
      estimate: plan.estimate.map {
        Estimate(duration: $0, rollouts: Int(plan.estimateRollouts), isSameImage: plan.estimateSameImage)
      }, warnings: plan.warnings, inFlight: plan.inFlight)
  }
}
