internal import ArgumentParser
internal import RollbackMessages

struct AuditQueryVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Shows audit events, newest first.",
    usage: "rollbackctl audit query [<filters>] [--limit <n>] [--cursor <cursor>] [<options>]",
    discussion: """
      EXAMPLES
        rollbackctl audit query --app hello --limit 5
        rollbackctl audit query --action 'deploy.rollback*' --since 24h
        rollbackctl audit query --actor ci --since 2026-11-01 --output ndjson
      """)

  @OptionGroup var filter: AuditFilterOptions

  @Option(help: "At most so many; 0 for all.")
  var limit: UInt64 = 50

  @Option(help: ArgumentHelp("The next_cursor of an earlier answer: goes on behind it.", valueName: "cursor"))
  var cursor: String = ""

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    var request = filter.request(now: context.console.now)
    request.cursor = cursor
    request.limit = limit
    try await AuditPrinter(context: context).print(request)
    return .done
  }
}

struct AuditExportVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes the whole trail with its hashes, one event a line, newest first.",
    usage: "rollbackctl audit export [<filters>] [<options>]",
    discussion: """
      In memory that does not grow with the trail. NDJSON unless asked otherwise, on a terminal too.

      EXAMPLES
        rollbackctl audit export > audit.ndjson
        rollbackctl audit export --until 2026-11-01 | zstd > audit-2026-10.ndjson.zst
      """)

  @OptionGroup var filter: AuditFilterOptions
  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func format(on console: any Console) -> OutputFormat { common.output ?? .ndjson }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    try await AuditPrinter(context: context).print(filter.request(now: context.console.now))
    return .done
  }
}

struct AuditTailVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Shows the newest audit events, oldest first, and goes on with new ones as they are written.",
    usage: "rollbackctl audit tail [<filters>] [--limit <n>] [<options>]",
    discussion: """
      Until Ctrl-C.

      EXAMPLES
        rollbackctl audit tail --app hello
        rollbackctl audit tail --limit 0 --output ndjson | jq .action
      """)

  @OptionGroup var filter: AuditFilterOptions

  @Option(help: "How many of the events that are there already.")
  var limit: UInt64 = 10

  @OptionGroup var common: CommonOptions

  var isStream: Bool { true }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    var request = filter.request(now: context.console.now)
    var shown: [AuditEvent] = []
    // One is asked for even where none is to be shown: it tells where to begin.
    request.limit = max(limit, 1)
    try await context.daemon.auditEvents(request) { shown.append($0) }
    var printer = AuditPrinter(context: context)
    for event in shown.reversed() where limit > 0 { try printer.print(event) }
    // The events of the last minute come again, for some may have been written in between; ids rise along the chain.
    let newest = shown.first
    request.limit = 0
    request.follow = true
    request.since = max(newest?.createdAt ?? context.console.now, request.since ?? Timestamp(seconds: 0)).minuteEarlier
    try await context.daemon.auditEvents(request) { event in
      if event.id > newest?.id ?? 0 { try printer.print(event) }
    }
    return .done
  }
}

extension Timestamp {
  fileprivate var minuteEarlier: Timestamp { Timestamp(seconds: seconds - 60, nanoseconds: nanoseconds) }
}
