internal import ArgumentParser
internal import RollbackMessages

struct HealthVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Shows how the daemon is, and what it depends on.",
    discussion: """
      Ends with 0 when it works, also in part; with 75 when it is down for the moment; with 69 when it cannot be reached.

      EXAMPLES
        rollbackctl health
        rollbackctl health --output json | jq -r .state
      """)

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let health = try await context.daemon.health()
    let console = context.console
    if context.format == .table {
      let report = HealthReport(health: health, now: console.now)
      try console.write(report.text(width: console.output.width, style: console.output.style))
    } else {
      try context.write(health.json)
    }
    return health.state == .down ? .temporary : .done
  }
}
