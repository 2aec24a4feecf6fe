internal import RollbackMessages

/// Writes audit events as they come.
struct AuditPrinter {
  var context: CommandContext
  private var isHeadingWritten = false

  init(context: CommandContext) { self.context = context }

  /// Writes all that match, in memory that does not grow with them.
  func print(_ request: AuditQueryRequest) async throws {
    var printer = self
    if context.format == .json { return try await printDocument(request) }
    var count: UInt64 = 0
    var last: AuditEvent?
    var request = request
    let limit = request.limit
    // One more than asked for tells whether there are more.
    if limit > 0 { request.limit = limit + 1 }
    var hasMore = false
    try await context.daemon.auditEvents(request) { event in
      guard limit == 0 || count < limit else {
        hasMore = true
        return
      }
      count += 1
      last = event
      try printer.print(event)
    }
    guard context.format == .table else { return }
    if count == 0 { context.console.tell("No audit event matches.\n") }
    if hasMore, let last { context.console.tell("There are more: --limit 0 for all, --cursor \(last.id) to go on.\n") }
  }

  /// `{"events":[…],"next_cursor":…}`.
  private func printDocument(_ request: AuditQueryRequest) async throws {
    var request = request
    let limit = request.limit
    if limit > 0 { request.limit = limit + 1 }
    var count: UInt64 = 0
    var last: AuditEvent?
    var hasMore = false
    try await context.daemon.auditEvents(request) { event in
      guard limit == 0 || count < limit else {
        hasMore = true
        return
      }
      try context.console.write(count == 0 ? "{\n  \"events\": [\n    " : ",\n    ")
      try context.console.write(event.json.line)
      count += 1
      last = event
    }
    // A cursor is the id of the last event before it.
    let cursor = hasMore ? JSONValue.string("\(last?.id ?? 0)") : .null
    try context.console.write(count == 0 ? "{\n  \"events\": [" : "\n  ")
    try context.console.write("],\n  \"next_cursor\": \(cursor.line)\n}\n")
  }

  /// Writes one.
  mutating func print(_ event: AuditEvent) throws {
    guard context.format == .table else { return try context.console.write(event.json.line + "\n") }
    let traits = context.console.output
    if !isHeadingWritten {
      isHeadingWritten = true
      let heading = "#".padded(to: 8) + "TIME".padded(to: 21) + "ACTOR".padded(to: 13) + "ACTION"
      try context.console.write(traits.style.bold(heading) + "\n")
    }
    let text = AuditLine(event).text(context.console.localTime)
    let lines = RolloutPreview.wrap(text, indent: 10, traits.width)
    try context.console.write(lines.map { $0 + "\n" }.joined())
  }
}
