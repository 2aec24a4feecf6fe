internal import ArgumentParser
internal import RollbackMessages

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Reads the audit trail, and proves that nobody edited it.",
    subcommands: [AuditQueryVerb.self, AuditTailVerb.self, AuditExportVerb.self, AuditVerifyVerb.self])
}

/// Which events.
struct AuditFilterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Of this app: its name or id.", valueName: "app"))
  var app: String = ""

  @Option(
    help: ArgumentHelp("With this action; a * at the end matches any ending: 'deploy.rollback*'.", valueName: "action"))
  var action: String = ""

  @Option(help: ArgumentHelp("By this subject.", valueName: "actor"))
  var actor: String = ""

  @Option(help: ArgumentHelp("About this object: for deploy.rollback the target's deploy id.", valueName: "id"))
  var target: String = ""

  @Option(help: ArgumentHelp("Not before this time: 2026-11-24T02:00:00Z, 2026-11-24, or 24h ago.", valueName: "time"))
  var since: TimeArgument?

  @Option(help: ArgumentHelp("Before this time.", valueName: "time"))
  var until: TimeArgument?

  func request(now: Timestamp) -> AuditQueryRequest {
    AuditQueryRequest(
      app: app, action: action, actor: actor, target: target, since: since?.time(now: now), until: until?.time(now: now)
    )
  }
}

struct AuditVerifyVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Recomputes the hash chain of the audit trail.",
    discussion: """
      Ends with 0 when the chain is intact, with 11 when it is broken. The head that it prints, kept elsewhere, proves \
      later with --expect-head that nothing was cut off the end.

      EXAMPLES
        rollbackctl audit verify
        rollbackctl audit verify --expect-head 4be1…
      """)

  @Option(help: ArgumentHelp("The hash that the newest row must have, in hexadecimal.", valueName: "sha256"))
  var expectHead: String = ""

  @OptionGroup var common: CommonOptions

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let response = try await context.daemon.verifyAudit(VerifyAuditRequest(expectHead: expectHead))
    if context.format == .table {
      try context.console.write(text(response, context.console.output))
    } else {
      try context.write(response.json)
    }
    return response.intact ? .done : .auditBroken
  }

  private func text(_ response: VerifyAuditResponse, _ traits: StreamTraits) -> String {
    let rows = "\(response.rows) row" + (response.rows == 1 ? "" : "s")
    let older = response.unchainedRows == 0 ? "" : ", \(response.unchainedRows) older than the chain"
    let head = response.headID == 0 ? "" : "    head: #\(response.headID)  \(response.headHash.hexadecimal)\n"
    if response.intact { return "\(traits.style.good("OK"))  the audit chain is intact: \(rows)\(older)\n\(head)" }
    let place = response.firstBadID == 0 ? "" : " at row #\(response.firstBadID)"
    let problem = response.problem.isEmpty ? "" : ": \(response.problem.displayed)"
    let lines = RolloutPreview.wrap("BROKEN\(place)\(problem)", indent: 4, traits.width)
    let text = lines.map { $0 + "\n" }.joined()
    return traits.style.bad("BROKEN") + text.dropFirst("BROKEN".count) + "    checked: \(rows)\(older)\n\(head)"
  }
}
