internal import ArgumentParser
internal import RollbackMessages

/// One command of the program.
protocol Verb: ParsableCommand {
  var common: CommonOptions { get }
  /// Whether it gives one thing after the other, so that lines of JSON suit it better than a document.
  var isStream: Bool { get }
  /// How long to wait for an answer; nil for the client library's default.
  var callTimeout: Duration? { get }

  /// The format asked for; else tables for people, and JSON for programs.
  func format(on console: any Console) -> OutputFormat
  /// What can be said without the daemon.
  /// - Throws: ``CommandFailure``.
  func check(_ console: any Console) throws
  /// Does it.
  /// - Throws: ``CommandFailure``, or what ``DaemonCalls`` throws.
  func run(in context: CommandContext) async throws -> ProgramStatus
}

extension Verb {
  var isStream: Bool { false }
  var callTimeout: Duration? { nil }

  func check(_ console: any Console) throws {}

  func format(on console: any Console) -> OutputFormat {
    common.output ?? (console.output.isTerminal ? .table : isStream ? .ndjson : .json)
  }
}

/// What a verb works with.
struct CommandContext: Sendable {
  var daemon: any DaemonCalls
  var console: any Console
  var format: OutputFormat
  var invocation = Invocation()
  /// For what has to wait; tests hold it.
  var clock: any Clock<Duration>

  /// Writes one document.
  func write(_ value: JSONValue) throws {
    try console.write((format == .ndjson ? value.line : value.document) + "\n")
  }

  /// How long ago it was, for a column; `-` for no time.
  func age(_ time: Timestamp?) -> String {
    time.map { console.now.since($0).age } ?? "-"
  }
}
