internal import ArgumentParser
internal import RollbackMessages

struct DeployVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "deploy",
    abstract: "Puts an app on a new image, and watches until it runs.",
    discussion: """
      The forward path of the engine that rolls back: the same checks, progress, flags and exit status.

      EXAMPLES
        rollbackctl deploy hello harbor/octave/hello:v4 --reason "adds notes to orders"
        rollbackctl deploy hello harbor/octave/hello:v4 --yes --on-failure revert
      """)

  @Argument(help: "The app's name or id.")
  var app: String

  @Argument(help: "The image: REPOSITORY:TAG, REPOSITORY@DIGEST or both.")
  var image: String

  @OptionGroup var flags: RolloutFlags
  @OptionGroup var common: CommonOptions

  var isStream: Bool { true }

  func check(_ console: any Console) throws {
    guard flags.yes || console.canAsk else { throw RolloutQuestion.cannotAsk("deploy") }
    _ = try common.token()
  }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let request = DeployRequest(app: app, image: image, options: flags.options(token: try common.token()))
    if !flags.yes {
      let page = try await context.daemon.listDeploys(ListDeploysRequest(app: app, pageSize: 50))
      let preview = RolloutPreview(
        kind: .deploy(image: image), app: app, namespace: await context.namespace(of: app),
        from: DeployHistory(deploys: page.deploys).current)
      guard try await RolloutQuestion(context: context).agrees(to: preview) else { throw RolloutQuestion.declined }
    }
    let run = RolloutRun(
      context, .deploy(request), isDetached: flags.detach, isPreviewed: !flags.yes,
      ways: ConflictWays(context.invocation, flags))
    return try await run.run()
  }
}
