import Locking
import RollbackMessages
import RollbackTestKit
import TTRPC

/// An audit trail that grows when a test says so, and answers queries as the daemon does.
final class ScriptedTrail: Sendable {
  private struct State {
    var events: [AuditEvent] = []
    var followers: [AsyncStream<AuditEvent>.Continuation] = []
  }

  private let state = Locked(State())
  /// Each query as it came.
  let queries = Mailbox<AuditQueryRequest>()

  /// Writes the next events, one a second.
  func write(_ count: Int) {
    state.withLock { state in
      for _ in 0..<count {
        let id = Int64(state.events.count + 1)
        let event = AuditEvent(id: id, createdAt: Timestamp(seconds: 1000 + id), action: "deploy.rollback")
        state.events.append(event)
        for follower in state.followers { follower.yield(event) }
      }
    }
  }

  var method: ServerMethod {
    Served.audit { [self] request, writer in
      queries.put(request)
      let (new, follower) = AsyncStream.makeStream(of: AuditEvent.self)
      let events = state.withLock { state in
        state.followers.append(follower)
        return state.events
      }
      var left = request.limit == 0 ? Int.max : Int(request.limit)
      let size = request.pageSize == 0 ? 200 : Int(request.pageSize)
      var matching = events.reversed().filter { event in
        event.id < Int64(request.cursor) ?? .max && event.createdAt.map { $0 >= request.since ?? $0 } ?? true
      }[...]
      repeat {
        let page = matching.prefix(min(size, left))
        matching = matching.dropFirst(page.count)
        left -= page.count
        let cursor = matching.isEmpty ? "" : "\(page.last?.id ?? 0)"
        try await writer.send(AuditPage(events: Array(page), nextCursor: cursor))
      } while !matching.isEmpty && left > 0
      guard request.follow else { return }
      for await event in new { try await writer.send(AuditPage(events: [event])) }
    }
  }
}
