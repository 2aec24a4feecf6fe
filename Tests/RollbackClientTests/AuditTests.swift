import RollbackMessages
import RollbackTestKit
import TTRPC
import TTRPCCore
import Testing

@testable import RollbackClient

@Suite("Audit events and lists")
struct AuditTests {
  @Test("come newest first, a page at a time as they are read")
  func pages() async throws {
    let trail = ScriptedTrail()
    trail.write(7)
    try await withDaemon([trail.method]) { _, client in
      let query = AuditQueryRequest(app: "hello", pageSize: 3)
      let events = try await Array(client.auditEvents(query))
      #expect(events.map(\.id) == [7, 6, 5, 4, 3, 2, 1])
      for cursor in ["", "5", "2"] {
        #expect(
          await trail.queries.next() == AuditQueryRequest(app: "hello", limit: 3, cursor: cursor, pageSize: 3))
      }
    }
  }

  @Test(
    "come as many as were asked for, from where it was asked for",
    arguments: [
      (0, "", [7, 6, 5, 4, 3, 2, 1]), (1, "", [7]), (3, "", [7, 6, 5]), (4, "", [7, 6, 5, 4]),
      (9, "6", [5, 4, 3, 2, 1]),
      (2, "3", [2, 1]), (2, "1", []),
    ] as [(UInt64, String, [Int64])])
  func limits(_ limit: UInt64, _ cursor: String, _ ids: [Int64]) async throws {
    let trail = ScriptedTrail()
    trail.write(7)
    try await withDaemon([trail.method]) { _, client in
      let query = AuditQueryRequest(limit: limit, cursor: cursor, pageSize: 3)
      let events = try await Array(client.auditEvents(query))
      #expect(events.map(\.id) == ids)
    }
  }

  @Test("are read on from the same page when the connection is lost in between")
  func lostBetweenPages() async throws {
    let trail = ScriptedTrail()
    trail.write(6)
    try await withDaemon([trail.method]) { daemon, client in
      var iterator = client.auditEvents(AuditQueryRequest(pageSize: 2)).makeAsyncIterator()
      var ids: [Int64] = []
      while let event = try await iterator.next() {
        ids.append(event.id)
        daemon.cutConnections()
      }
      #expect(ids == [6, 5, 4, 3, 2, 1])
    }
  }

  @Test("are followed in the order in which they are written, each once, over lost connections")
  func follows() async throws {
    let trail = ScriptedTrail()
    trail.write(5)
    try await withDaemon([trail.method]) { daemon, client in
      var iterator = client.auditEvents(AuditQueryRequest(limit: 2, pageSize: 2, follow: true)).makeAsyncIterator()
      try await iterator.expect([5, 4])
      _ = await trail.queries.next()

      // Written before the stream is open, and after.
      trail.write(3)
      try await iterator.expect([6, 7, 8])
      let following = await trail.queries.next()
      #expect(following.follow)
      #expect(following.since == Timestamp(seconds: 1005 - 60), "a little overlap, for times may be out of order")
      trail.write(1)
      try await iterator.expect([9])

      // Written while there is no connection.
      daemon.cutConnections()
      trail.write(4)
      async let _ = daemon.clock.passSleeps(1)
      try await iterator.expect([10, 11, 12, 13])
      trail.write(1)
      try await iterator.expect([14])
      #expect(await trail.queries.next().since == Timestamp(seconds: 1009 - 60))
    }
  }

  @Test("are followed from the beginning of an empty trail")
  func followsEmptyTrail() async throws {
    let trail = ScriptedTrail()
    try await withDaemon([trail.method]) { _, client in
      let seen = Mailbox<Int64>()
      let task = Task {
        for try await event in client.auditEvents(AuditQueryRequest(follow: true)) { seen.put(event.id) }
      }
      #expect(await trail.queries.next().follow == false)
      #expect(await trail.queries.next().follow)
      trail.write(2)
      #expect(await seen.next() == 1)
      #expect(await seen.next() == 2)
      task.cancel()
      _ = await task.result
    }
  }

  @Test("that are followed and begin further back bring what lies between")
  func followsFromCursor() async throws {
    let trail = ScriptedTrail()
    trail.write(5)
    try await withDaemon([trail.method]) { _, client in
      var iterator = client.auditEvents(AuditQueryRequest(cursor: "3", follow: true)).makeAsyncIterator()
      try await iterator.expect([2, 1])
      trail.write(1)
      // As the daemon does: what is new from now on.
      try await iterator.expect([6])
    }
  }

  @Test("tell that a query is wrong")
  func refused() async throws {
    let audit = Served.audit { _, _ in throw RPCError.refusal(.invalidArgument, "cursor is none") }
    try await withDaemon([audit]) { _, client in
      let failure = await error { () async throws(RollbackError) in
        for try await _ in client.auditEvents() {}
      }
      #expect(failure?.reason == .invalidArgument)
      #expect(failure?.message == "cursor is none")
    }
  }

  @Test("of a gap that is too long are not held in memory")
  func longGap() {
    var follower = AuditFollower(AuditQueryRequest(follow: true), retry: RetryPolicy())
    follower.opened()
    let failure = Result { () throws(RollbackError) in
      for id in stride(from: 30_000, to: 0, by: -1000) {
        let events = (0..<1000).map { AuditEvent(id: Int64(id - $0)) }
        _ = try follower.received(AuditPage(events: events, nextCursor: "more"))
      }
    }
    #expect(throws: RollbackError.self) { try failure.get() }
  }

  @Test("lists come page by page as they are read")
  func lists() async throws {
    let tokens = Mailbox<String>()
    let list: ServerMethod = .unary(Served.methods.listDeploys) { request, _ in
      tokens.put(request.pageToken)
      let page = Int(request.pageToken) ?? 0
      // The second page happens to be empty.
      let ids = page == 1 ? [] : ["\(page)a", "\(page)b"]
      return ListDeploysResponse(
        deploys: ids.map { DeployRecord(id: $0, app: request.app) }, nextPageToken: page < 2 ? "\(page + 1)" : "")
    }
    let apps: ServerMethod = .unary(Served.methods.listApps) { _, _ in ListAppsResponse(apps: [App(name: "a")]) }
    let migrations: ServerMethod = .unary(Served.methods.listMigrations) { request, _ in
      ListMigrationsResponse(migrations: [Migration(name: request.app)])
    }
    try await withDaemon([list, apps, migrations]) { _, client in
      let deploys = try await Array(client.allDeploys(app: "hello"))
      #expect(deploys.map(\.id) == ["0a", "0b", "2a", "2b"])
      for token in ["", "1", "2"] { #expect(await tokens.next() == token) }
      let names = try await Array(client.allApps()).map(\.name) + Array(client.allMigrations(app: "b")).map(\.name)
      #expect(names == ["a", "b"])
    }
  }
}

extension AuditEvents.Iterator {
  /// Reads as many events, and compares their ids.
  fileprivate mutating func expect(
    _ ids: [Int64], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws(RollbackError) {
    var read: [Int64] = []
    while read.count < ids.count, let event = try await next() { read.append(event.id) }
    #expect(read == ids, sourceLocation: sourceLocation)
  }
}
