internal import ArgumentParser
internal import Glibc
internal import RollbackClient
internal import RollbackMessages

/// From the command line to the exit status.
@main
enum Program {
  static func main() async {
    // A parent may have it ignored: writing to a pipe that nobody reads must end the program, not go on for ever.
    signal(SIGPIPE, SIG_DFL)
    let console = SystemConsole()
    let arguments = ArgumentRewriting.rewritten(Array(CommandLine.arguments.dropFirst()))
    let interruption = Interruption()
    let status = await interruption.run {
      await run(arguments, on: console) { configuration, body in
        try await RollbackClient.withClient(configuration) { client in try await body(client) }
      }
    }
    exit(status.rawValue)
  }

  /// Lends `body` a connection to the daemon.
  typealias Connect = (
    RollbackClient.Configuration, (any DaemonCalls) async throws -> ProgramStatus
  ) async throws -> ProgramStatus

  static func run(
    _ arguments: [String], on console: any Console, clock: any Clock<Duration> = ContinuousClock(), connect: Connect
  ) async -> ProgramStatus {
    let verb: any Verb
    do {
      var command = try Rollbackctl.parseAsRoot(arguments)
      guard let parsed = command as? any Verb else {
        // Help, and groups of commands: they throw what is to be shown.
        try command.run()
        return .done
      }
      verb = parsed
    } catch {
      return end(unparsed: error, arguments, on: console)
    }
    let format = verb.format(on: console)
    do {
      try verb.check(console)
      var configuration = verb.common.configuration
      if let timeout = verb.callTimeout { configuration.callTimeout = timeout }
      return try await connect(configuration) { daemon in
        try await verb.run(
          in: CommandContext(
            daemon: daemon, console: console, format: format,
            invocation: Invocation(arguments: ArgumentRewriting.original(arguments)), clock: clock))
      }
    } catch {
      return end(CommandFailure(error), format, on: console)
    }
  }

  /// Says why a command failed: where its output is for programs, to them.
  private static func end(_ failure: CommandFailure, _ format: OutputFormat, on console: any Console) -> ProgramStatus {
    switch format {
    case .table: console.tell(failure.text(console.progress.style, width: console.progress.width))
    case .json, .ndjson:
      do {
        try console.write((format == .json ? failure.json.document : failure.json.line) + "\n")
      } catch {
        console.tell(failure.text(console.progress.style, width: console.progress.width))
      }
    }
    return failure.status
  }

  /// Help and the like are data; mistakes are told, or written where the output is for programs.
  private static func end(unparsed error: any Error, _ arguments: [String], on console: any Console) -> ProgramStatus {
    let isMistake = Rollbackctl.exitCode(for: error) != .success
    let text = Rollbackctl.fullMessage(for: error, columns: console.output.width ?? 80)
    guard isMistake else {
      do {
        try console.write(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n")
        return .done
      } catch {
        return end(CommandFailure(error), .table, on: console)
      }
    }
    let format = ArgumentRewriting.format(in: arguments) ?? (console.output.isTerminal ? .table : .json)
    if format != .table {
      return end(.usage(Rollbackctl.message(for: error)), format, on: console)
    }
    // The parser does not break its usage line.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
      RolloutPreview.wrap(String(line), indent: "Usage: ".count, console.progress.width)
    }
    console.tell(lines.map { $0 + "\n" }.joined())
    return .usage
  }
}
