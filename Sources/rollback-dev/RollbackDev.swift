import ArgumentParser

/// Everything that rollbackd needs around it, to try it out and to test.
@main
struct RollbackDev: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback-dev",
    abstract: "Everything that rollbackd needs around it, to try it out and to test.",
    subcommands: [UpCommand.self, DemoCommand.self, ClusterCommand.self])
}
