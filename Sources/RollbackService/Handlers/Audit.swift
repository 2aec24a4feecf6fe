public import RollbackMessages

extension RollbackService {
  /// Audit events that match, in pages; with `follow` it goes on with new ones until the caller leaves.
  ///
  /// - Parameter send: delivers one page; it suspends while the caller is slow, so memory stays bounded by one page.
  public func queryAudit(
    _ request: AuditQueryRequest, from caller: Caller, send: @Sendable (AuditPage) async throws -> Void
  ) async throws {
    try await authorize(caller, .auditQuery)
    let size = try RequestCheck.pageSize(request.pageSize, default: 200, limit: 1000)
    let filter = try await filter(of: request)
    guard request.follow else { return try await history(filter, request.limit, size: size, send: send) }
    try await auditBell.followed {
      // What is written from now on has a higher id: nothing comes twice, and nothing is lost in between.
      let newest = try await events(matching: AuditFilter(), limit: 1).first?.id ?? 0
      var past = filter
      past.before = min(filter.before ?? .max, newest + 1)
      try await history(past, request.limit, size: size, send: send)
      try await follow(filter, after: newest, size: size, send: send)
    }
  }

  /// What is there already, newest first. The last page has no cursor; there always is one.
  private func history(
    _ filter: AuditFilter, _ limit: UInt64, size: Int, send: @Sendable (AuditPage) async throws -> Void
  ) async throws {
    var filter = filter
    var remaining = limit == 0 ? UInt64.max : limit
    while remaining > 0 {
      let limit = Int(min(UInt64(size), remaining))
      // One more tells whether there is another page.
      var events = try await events(matching: filter, limit: limit + 1)
      let isLast = events.count <= limit
      if !isLast { events.removeLast() }
      remaining -= UInt64(events.count)
      filter.before = events.last?.id
      for page in AuditPage.pages(events, endsAll: isLast) { try await send(page) }
      if isLast { return }
    }
  }

  /// What is written from now on, oldest first.
  private func follow(
    _ filter: AuditFilter, after newest: Int64, size: Int, send: @Sendable (AuditPage) async throws -> Void
  ) async throws {
    var filter = filter
    filter.before = nil
    filter.after = newest
    while true {
      // Before the reading: a row that is written during it rings again.
      let rings = auditBell.rings
      let events = try await events(matching: filter, limit: size)
      if let last = events.last {
        filter.after = last.id
        for page in AuditPage.pages(events, endsAll: true) { try await send(AuditPage(events: page.events)) }
      }
      if events.count < size { try await waitForNews(past: rings) }
    }
  }

  /// Suspends until the bell rings, or until it is time to look all the same: soon when nobody listens to the database.
  private func waitForNews(past rings: UInt64) async throws {
    try await withThrowingTaskGroup(of: Void.self) { [auditBell, clock] group in
      group.addTask { await auditBell.wait(past: rings) }
      group.addTask {
        let patience: Duration = auditBell.isHeard ? .seconds(30) : .seconds(1)
        try await clock.sleep(until: clock.now.advanced(by: patience), tolerance: nil)
      }
      defer { group.cancelAll() }
      try await group.next()
    }
    try Task.checkCancellation()
  }

  private func filter(of request: AuditQueryRequest) async throws -> AuditFilter {
    var filter = AuditFilter()
    for (value, name) in [(request.action, "action"), (request.actor, "actor"), (request.target, "target")] {
      try RequestCheck.text(value, name, limit: 512)
    }
    if !request.action.isEmpty {
      filter.isActionPrefix = request.action.hasSuffix("*")
      let action = filter.isActionPrefix ? String(request.action.dropLast()) : request.action
      guard !action.contains("*") else {
        throw ServiceError(
          .invalidArgument,
          "action \(RequestCheck.quoted(request.action)) has a * that is not at its end; only there it stands for the rest"
        )
      }
      // A * alone restricts nothing.
      if !action.isEmpty { filter.action = action }
    }
    if !request.actor.isEmpty { filter.actorID = request.actor }
    if !request.target.isEmpty { filter.targetID = request.target }
    filter.since = request.since?.microseconds
    filter.until = request.until?.microseconds
    if let since = request.since, let until = request.until, since >= until {
      throw ServiceError(
        .invalidArgument,
        "since (\(since.rfc3339)) is not before until (\(until.rfc3339)): no event can lie between them")
    }
    if !request.cursor.isEmpty {
      guard let id = Int64(request.cursor), id > 0 else {
        throw ServiceError(
          .invalidArgument, "cursor \(RequestCheck.quoted(request.cursor)) is none that a page ended with")
      }
      filter.before = id
    }
    if !request.app.isEmpty { filter.appID = try await app(named: request.app).id }
    return filter
  }

  /// One page at a time is asked for, and only while few others do.
  private func events(matching filter: AuditFilter, limit: Int) async throws -> [AuditEvent] {
    try await auditReads.pass { try await audit.events(matching: filter, limit: limit) }
  }

  /// Recomputes the chain. One caller at a time; some may wait for their turn.
  public func verifyAudit(_ request: VerifyAuditRequest, from caller: Caller) async throws -> VerifyAuditResponse {
    try await authorize(caller, .verifyAudit)
    var head: [UInt8]?
    if !request.expectHead.isEmpty {
      head = Self.bytes(hexadecimal: request.expectHead)
      guard head?.count == 32 else {
        throw ServiceError(
          .invalidArgument,
          "expect_head \(RequestCheck.quoted(request.expectHead)) is no SHA-256: 64 hexadecimal digits")
      }
    }
    return try await verifications.pass { try await audit.verify(expectedHead: head) }
  }

  private static func bytes(hexadecimal text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(byte)
    }
    return bytes
  }
}

extension AuditPage {
  /// About how many bytes a page may have: far from the most that a message may, also with its last event.
  private static let size = 1 << 20

  /// Events as pages that are not too large; the last one of all has no cursor.
  static func pages(_ events: [AuditEvent], endsAll: Bool) -> [AuditPage] {
    var pages: [AuditPage] = []
    var start = 0
    var size = 0
    for (index, event) in events.enumerated() {
      size += event.detailsJSON.utf8.count + 256
      guard size >= Self.size, index < events.count - 1 else { continue }
      pages.append(AuditPage(events: Array(events[start...index]), nextCursor: "\(event.id)"))
      start = index + 1
      size = 0
    }
    pages.append(AuditPage(events: Array(events[start...]), nextCursor: endsAll ? "" : "\(events.last?.id ?? 0)"))
    return pages
  }
}
