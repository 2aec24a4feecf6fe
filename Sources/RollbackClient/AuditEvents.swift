public import RollbackMessages
internal import TTRPC
internal import TTRPCCore

/// Audit events that match a query; see ``RollbackClient/auditEvents(_:)``.
///
/// Each iteration asks anew.
public struct AuditEvents: AsyncSequence, Sendable {
  public typealias Element = AuditEvent
  public typealias Failure = RollbackError

  private let client: RollbackClient
  private let query: AuditQueryRequest

  init(_ client: RollbackClient, _ query: AuditQueryRequest) {
    self.client = client
    self.query = query
  }

  public func makeAsyncIterator() -> Iterator { Iterator(client, query) }

  public struct Iterator: AsyncIteratorProtocol {
    private enum Phase {
      /// Finds out what is the newest event, for a followed query that begins further back. → history
      case findingNewest
      /// What is there already, a page at a time. `remaining` is nil without a limit. → following, over
      case history(cursor: String, remaining: UInt64?)
      /// What is written from now on. It never ends by itself.
      case following
      case over
    }

    private let client: RollbackClient
    private let query: AuditQueryRequest
    private var phase: Phase
    private var pending: ArraySlice<AuditEvent> = []
    private var follower: AuditFollower
    private var link = StreamLink<AuditPage>()

    fileprivate init(_ client: RollbackClient, _ query: AuditQueryRequest) {
      self.client = client
      self.query = query
      follower = AuditFollower(query, retry: client.configuration.retry)
      let history = Phase.history(cursor: query.cursor, remaining: query.limit == 0 ? nil : query.limit)
      phase = query.follow && !query.cursor.isEmpty ? .findingNewest : history
    }

    /// The next event, or nil after the last; with `follow` there is no last.
    public mutating func next() async throws(RollbackError) -> AuditEvent? {
      while true {
        if let event = pending.popFirst() { return event }
        switch phase {
        case .findingNewest:
          let page = try await client.auditPage(query, cursor: "", size: 1)
          for event in page.events { follower.passed(event) }
          phase = .history(cursor: query.cursor, remaining: query.limit == 0 ? nil : query.limit)
        case .history(let cursor, let remaining): try await readHistory(cursor, remaining)
        case .following: pending = try await nextFollowed()[...]
        case .over: return nil
        }
      }
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(RollbackError) -> AuditEvent? {
      try await next()
    }

    private mutating func readHistory(_ cursor: String, _ remaining: UInt64?) async throws(RollbackError) {
      let size = Swift.min(query.pageSize == 0 ? 200 : UInt64(query.pageSize), remaining ?? .max)
      let page = try await client.auditPage(query, cursor: cursor, size: UInt32(size))
      if let newest = page.events.first { follower.passed(newest) }
      pending = page.events[...]
      let left = remaining.map { $0 - Swift.min($0, UInt64(page.events.count)) }
      if page.nextCursor.isEmpty || page.nextCursor == cursor || left == 0 {
        phase = query.follow ? .following : .over
      } else {
        phase = .history(cursor: page.nextCursor, remaining: left)
      }
    }

    private mutating func nextFollowed() async throws(RollbackError) -> [AuditEvent] {
      while true {
        let page: AuditPage
        do throws(StreamFailure) {
          page = try await nextOfStream()
        } catch {
          switch follower.failed(error) {
          case .openAgain(let delay): try await client.clock.pause(delay)
          case .fail(let error): throw error
          }
          continue
        }
        let events = try follower.received(page)
        if !events.isEmpty { return events }
      }
    }

    private mutating func nextOfStream() async throws(StreamFailure) -> AuditPage {
      var follower = follower
      defer { self.follower = follower }
      return try await link.next(on: client.session) { [client] connection in
        defer { follower.opened() }
        return connection.serverStream(client.methods.auditQuery, follower.request)
      }
    }
  }
}

extension RollbackClient {
  /// One page: a call of its own, so that a slow reader leaves nothing waiting on the connection.
  fileprivate func auditPage(
    _ query: AuditQueryRequest, cursor: String, size: UInt32
  ) async throws(RollbackError) -> AuditPage {
    var request = query
    request.follow = false
    request.cursor = cursor
    request.limit = UInt64(size)
    request.pageSize = size
    let options = CallOptions(timeout: configuration.callTimeout)
    return try await onConnection(mayRepeat: true) { [request] (connection) async throws(RPCError) in
      var page = AuditPage()
      // The limit makes it one page; a server that cuts it in pieces is followed to the end.
      for try await piece in connection.serverStream(methods.auditQuery, request, options) {
        page.events += piece.events
        page.nextCursor = piece.nextCursor
      }
      return page
    }
  }
}
