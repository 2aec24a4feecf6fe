import RollbackClient

@testable import rollbackctl

/// Runs a command line against a scripted daemon.
func run(_ arguments: String..., on console: FakeConsole, daemon: FakeDaemon = FakeDaemon()) async -> ProgramStatus {
  await Program.run(ArgumentRewriting.rewritten(arguments), on: console) { _, body in try await body(daemon) }
}

/// Runs a command line where no daemon can be reached.
func run(_ arguments: String..., on console: FakeConsole, unreachable error: RollbackError) async -> ProgramStatus {
  await Program.run(ArgumentRewriting.rewritten(arguments), on: console) { _, _ in throw error }
}
