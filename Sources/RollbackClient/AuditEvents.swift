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
    /// Where the next page of the history comes from, if it has been asked for.
    private var call: AuditCall?
    private var isFirstCall = true

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
      let page = try await nextPage(behind: cursor, remaining)
      if let newest = page.events.first { follower.passed(newest) }
      pending = page.events[...]
      let left = remaining.map { $0 - Swift.min($0, UInt64(page.events.count)) }
      if page.nextCursor.isEmpty || page.nextCursor == cursor || left == 0 {
        call = nil
        phase = query.follow ? .following : .over
      } else {
        phase = .history(cursor: page.nextCursor, remaining: left)
        // While its caller is busy with this page the next one is fetched.
        if call == nil { call = try await client.openAuditCall(query, cursor: page.nextCursor, size: size(left)) }
      }
    }

    /// The next page of the open call; of another one where there is none, or it was lost.
    private mutating func nextPage(
      behind cursor: String, _ remaining: UInt64?
    ) async throws(RollbackError) -> AuditPage {
      if let page = await call?.nextPage() {
        leave(page)
        return page
      }
      call = nil
      let (page, open) = try await client.firstAuditPage(query, cursor: cursor, size: size(remaining))
      call = open
      leave(page)
      return page
    }

    /// Counts a page of the open call, which is over with its last event.
    private mutating func leave(_ page: AuditPage) {
      call?.remaining -= Int64(page.events.count)
      if let call, call.remaining <= 0 || page.nextCursor.isEmpty { self.call = nil }
    }

    /// How many events to ask for at once: few at first, for whoever wants but the newest.
    private mutating func size(_ remaining: UInt64?) -> UInt32 {
      defer { isFirstCall = false }
      let size = query.pageSize == 0 ? (isFirstCall ? 200 : 1000) : UInt64(query.pageSize)
      return UInt32(clamping: Swift.min(size, remaining ?? .max))
    }

    private mutating func nextFollowed() async throws(RollbackError) -> [AuditEvent] {
      while true {
        let page: AuditPage
        do throws(StreamFailure) {
          page = try await nextOfStream()
        } catch {
          switch follower.failed(error) {
          case .openAgain(let delay): try await client.pause(delay)
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

/// A call for some events. The daemon may answer it in several pages, so that none grows too large.
private struct AuditCall {
  let pages: StreamReader<AuditPage>
  /// It lives as long as somebody holds it.
  let connection: TTRPCClient
  /// How many events are still to come.
  var remaining: Int64

  /// Nil also when the call was lost: another one is made then, which tells what is wrong.
  func nextPage() async -> AuditPage? { try? await pages.next() }
}

extension RollbackClient {
  /// Asks for events and does not wait for them.
  ///
  /// A call for each thousand, so that a slow reader leaves little waiting on the connection.
  fileprivate func openAuditCall(
    _ query: AuditQueryRequest, cursor: String, size: UInt32
  ) async throws(RollbackError) -> AuditCall {
    open(query, cursor: cursor, size: size, on: try await session.connection())
  }

  /// Asks for events and waits for the first page of them.
  fileprivate func firstAuditPage(
    _ query: AuditQueryRequest, cursor: String, size: UInt32
  ) async throws(RollbackError) -> (AuditPage, AuditCall) {
    try await onConnection(mayRepeat: true) { (connection) async throws(RPCError) in
      let call = open(query, cursor: cursor, size: size, on: connection)
      return (try await call.pages.next() ?? AuditPage(), call)
    }
  }

  /// One page of one event or more.
  fileprivate func auditPage(
    _ query: AuditQueryRequest, cursor: String, size: UInt32
  ) async throws(RollbackError) -> AuditPage {
    try await firstAuditPage(query, cursor: cursor, size: size).0
  }

  private func open(
    _ query: AuditQueryRequest, cursor: String, size: UInt32, on connection: TTRPCClient
  ) -> AuditCall {
    var request = query
    request.follow = false
    request.cursor = cursor
    request.limit = UInt64(size)
    request.pageSize = size
    let options = CallOptions(timeout: configuration.callTimeout)
    return AuditCall(
      pages: connection.serverStream(methods.auditQuery, request, options), connection: connection,
      remaining: Int64(size))
  }
}
