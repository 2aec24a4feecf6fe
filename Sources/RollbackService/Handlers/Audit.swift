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
    var filter = try await filter(of: request)
    var remaining = request.limit == 0 ? UInt64.max : request.limit
    let newest = request.follow ? try await audit.events(matching: AuditFilter(), limit: 1).first?.id ?? 0 : 0
    while remaining > 0 {
      let limit = Int(min(UInt64(size), remaining))
      let events = try await audit.events(matching: filter, limit: limit + 1)
      let page = Array(events.prefix(limit))
      remaining -= UInt64(page.count)
      let isLast = events.count <= limit
      filter.before = page.last?.id
      if !page.isEmpty || isLast {
        try await send(AuditPage(events: page, nextCursor: isLast ? "" : "\(page.last?.id ?? 0)"))
      }
      if isLast { break }
    }
    if request.follow { try await follow(filter, after: newest, size: size, send: send) }
  }

  private func follow(
    _ filter: AuditFilter, after newest: Int64, size: Int, send: @Sendable (AuditPage) async throws -> Void
  ) async throws {
    var filter = filter
    filter.before = nil
    filter.after = newest
    while true {
      let events = try await audit.events(matching: filter, limit: size)
      if let last = events.last {
        filter.after = last.id
        try await send(AuditPage(events: events))
      }
      if events.count < size {
        try await clock.sleep(until: clock.now.advanced(by: .seconds(1)), tolerance: nil)
      }
    }
  }

  private func filter(of request: AuditQueryRequest) async throws -> AuditFilter {
    var filter = AuditFilter()
    if !request.app.isEmpty { filter.appID = try await app(named: request.app).id }
    for (value, name) in [(request.action, "action"), (request.actor, "actor"), (request.target, "target")] {
      try RequestCheck.text(value, name, limit: 256)
    }
    if !request.action.isEmpty {
      filter.isActionPrefix = request.action.hasSuffix("*")
      filter.action = filter.isActionPrefix ? String(request.action.dropLast()) : request.action
    }
    if !request.actor.isEmpty { filter.actorID = request.actor }
    if !request.target.isEmpty { filter.targetID = request.target }
    filter.since = request.since?.microseconds
    filter.until = request.until?.microseconds
    if !request.cursor.isEmpty {
      guard let id = Int64(request.cursor), id > 0 else {
        throw ServiceError(
          .invalidArgument, "cursor \(RequestCheck.quoted(request.cursor)) is none that a page ended with")
      }
      filter.before = id
    }
    return filter
  }

  /// Recomputes the chain.
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
    return try await audit.verify(expectedHead: head)
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
