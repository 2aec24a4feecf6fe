internal import RollbackMessages

/// Writes audit events as they come.
struct AuditPrinter {
  var context: CommandContext
  private var isHeadingWritten = false
  private var output = JSONBytes()

  /// How much JSON is gathered before it is written, where nobody waits for each event.
  private static let portion = 64 << 10

  init(context: CommandContext) { self.context = context }

  /// Writes all that match, in memory that does not grow with them.
  func print(_ request: AuditQueryRequest) async throws {
    var printer = self
    let limit = request.limit
    var request = request
    // One more than asked for tells whether there are more.
    if limit > 0 { request.limit = limit + 1 }
    var count: UInt64 = 0
    var lastID: Int64 = 0
    var hasMore = false
    printer.output.reserve(Self.portion + (16 << 10))
    if context.format == .json { printer.output.raw("{\n  \"events\": [") }
    do {
      try await context.daemon.auditEvents(request) { event in
        guard limit == 0 || count < limit else {
          hasMore = true
          return
        }
        switch printer.context.format {
        case .table: try printer.print(event)
        case .ndjson: try printer.gather(event, before: "", after: "\n")
        case .json: try printer.gather(event, before: count == 0 ? "\n    " : ",\n    ", after: "")
        }
        count += 1
        lastID = event.id
      }
    } catch {
      // What came before is true all the same.
      if context.format == .ndjson { try printer.flush() }
      throw error
    }
    switch context.format {
    case .table:
      if count == 0 { context.console.tell("No audit event matches.\n") }
      if hasMore { context.console.tell("There are more: --limit 0 for all, --cursor \(lastID) to go on.\n") }
    case .ndjson: break
    case .json:
      printer.output.raw(count == 0 ? "],\n  \"next_cursor\": " : "\n  ],\n  \"next_cursor\": ")
      // A cursor is the id of the last event before it.
      printer.output.given(hasMore ? "\(lastID)" : "")
      printer.output.raw("\n}\n")
    }
    try printer.flush()
  }

  /// Writes one at once.
  mutating func print(_ event: AuditEvent) throws {
    guard context.format == .table else {
      try gather(event, before: "", after: "\n")
      return try flush()
    }
    let traits = context.console.output
    if !isHeadingWritten {
      isHeadingWritten = true
      try context.console.write(traits.style.bold(AuditLine.heading(width: traits.width)) + "\n")
    }
    let lines = AuditLine(event).lines(context.console.localTime, width: traits.width)
    try context.console.write(lines.map { $0 + "\n" }.joined())
  }

  private mutating func gather(_ event: AuditEvent, before: StaticString, after: StaticString) throws {
    output.raw(before)
    event.write(to: &output)
    output.raw(after)
    if output.count >= Self.portion { try flush() }
  }

  private mutating func flush() throws {
    guard output.count > 0 else { return }
    try context.console.write(output.bytes)
    output.removeAll()
  }
}
