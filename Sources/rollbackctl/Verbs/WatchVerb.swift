internal import ArgumentParser
internal import RollbackMessages

struct WatchVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Attaches to a deploy: replays what was, and follows it to its end.",
    usage:
      "rollbackctl watch <deploy>|<app> [--from <n>] [<options>]\n       rollbackctl watch <app> <deploy> [<options>]",
    discussion: """
      Any number of watchers may attach, on any host. For an app it is its newest deploy. Ends with the status that the \
      rollout itself ends with; with 8 when --timeout passes first.

      EXAMPLES
        rollbackctl watch hello
        rollbackctl watch c4410d7e
        rollbackctl watch c4410d7e --from 12 --output ndjson
        rollbackctl watch hello previous
      """)

  @Argument(help: ArgumentHelp("A deploy's id or the beginning of one; or an app.", valueName: "deploy|app"))
  var subject: String

  @Argument(help: "Of that app: which deploy.")
  var deploy: DeployWord?

  @Option(help: ArgumentHelp("The number of the first frame wanted. Default: the first.", valueName: "n"))
  var from: UInt64?

  @Option(help: ArgumentHelp("Stop watching after this long.", valueName: "duration"))
  var timeout: DurationArgument?

  @OptionGroup var common: CommonOptions

  var isStream: Bool { true }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let finder = DeployFinder(context: context)
    let request =
      if let deploy {
        WatchDeployRequest(deploy: try await finder.deploy(deploy.word, of: subject).id, fromSeq: from ?? 0)
      } else {
        try await finder.watched(subject, from: from ?? 0)
      }
    return try await RolloutRun(context, .watch(request), patience: timeout?.duration).run()
  }
}
