import Glibc
import Locking
import ProtobufC
import RollbackMessages
import RollbackTestKit
import TTRPC
import TTRPCCore
import Testing

@testable import RollbackClient

@Suite("Calls with one answer")
struct CallTests {
  @Test("reach their method with what they were given, and bring its answer")
  func everyMethod() async throws {
    let methods = Served.methods
    let served: [ServerMethod] = [
      .unary(methods.listDeploys) { request, _ in ListDeploysResponse(nextPageToken: request.app) },
      .unary(methods.planRollback) { request, _ in PlanRollbackResponse(refusalMessage: request.target) },
      .unary(methods.cancelDeploy) { request, _ in CancelDeployResponse(leftOn: request.deploy) },
      .unary(methods.verifyAudit) { request, _ in VerifyAuditResponse(problem: request.expectHead) },
      .unary(methods.getHealth) { _, _ in GetHealthResponse(host: "here") },
      .unary(methods.registerApp) { request, _ in RegisterAppResponse(app: App(name: request.name), created: true) },
      .unary(methods.listApps) { request, _ in ListAppsResponse(nextPageToken: request.pageToken) },
      .unary(methods.recordMigration) { request, _ in
        RecordMigrationResponse(migration: Migration(version: request.version))
      },
      .unary(methods.listMigrations) { request, _ in ListMigrationsResponse(nextPageToken: request.app) },
    ]
    try await withDaemon(served) { daemon, client in
      let deploys = try await client.listDeploys(ListDeploysRequest(app: "a"))
      #expect(deploys.nextPageToken == "a")
      let plan = try await client.planRollback(PlanRollbackRequest(target: "b"))
      #expect(plan.refusalMessage == "b")
      let cancelled = try await client.cancelDeploy(CancelDeployRequest(deploy: "c"))
      #expect(cancelled.leftOn == "c")
      let verified = try await client.verifyAudit(VerifyAuditRequest(expectHead: "d"))
      #expect(verified.problem == "d")
      let health = try await client.health()
      #expect(health.host == "here")
      let app = try await client.registerApp(RegisterAppRequest(name: "e"))
      #expect(app == RegisterAppResponse(app: App(name: "e"), created: true))
      let apps = try await client.listApps(ListAppsRequest(pageToken: "f"))
      #expect(apps.nextPageToken == "f")
      let migration = try await client.recordMigration(RecordMigrationRequest(version: "g"))
      #expect(migration.migration?.version == "g")
      let migrations = try await client.listMigrations(ListMigrationsRequest(app: "h"))
      #expect(migrations.nextPageToken == "h")
      #expect(daemon.connectionCount == 1)
    }
  }

  @Test("go on at once on one connection, a slow one without holding up the others")
  func manyAtOnce() async throws {
    let gate = Mailbox<Void>()
    let list: ServerMethod = .unary(Served.methods.listDeploys) { request, _ in
      if request.app == "slow" { await gate.next() }
      return ListDeploysResponse(nextPageToken: request.app)
    }
    try await withDaemon([list]) { daemon, client in
      async let slow = client.listDeploys(ListDeploysRequest(app: "slow"))
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<300 {
          group.addTask {
            try await client.listDeploys(ListDeploysRequest(app: "\(number)")).nextPageToken == "\(number)"
          }
        }
        for try await isRight in group { #expect(isRight) }
      }
      gate.put(())
      let token = try await slow.nextPageToken
      #expect(token == "slow")
      #expect(daemon.connectionCount == 1)
    }
  }

  @Test("that only read are made again, once, when their connection is lost")
  func readsAreRepeated() async throws {
    let calls = Mailbox<Int>()
    let count = Locked(0)
    let health = Served.health {
      let number = count.withLock { count in
        count += 1
        return count
      }
      calls.put(number)
      if number != 2 { try await untilCancelled() }
      return GetHealthResponse(version: "\(number)")
    }
    try await withDaemon([health]) { daemon, client in
      async let answer = client.health()
      _ = await calls.next()
      daemon.cutConnections()
      let version = try await answer.version
      #expect(version == "2")
      #expect(daemon.connectionCount == 2)

      // Lost twice is told.
      _ = await calls.next()
      async let failure = error { () async throws(RollbackError) in _ = try await client.health() }
      for _ in 3...4 {
        _ = await calls.next()
        daemon.cutConnections()
      }
      #expect(await failure?.reason == .connectionLost)
    }
  }

  @Test("that change something are not made again when they may have had their effect")
  func writesAreNotRepeated() async throws {
    let calls = Mailbox<Void>()
    let count = Locked(0)
    let cancel = Served.cancel { _ in
      count.withLock { $0 += 1 }
      calls.put(())
      try await untilCancelled()
      return CancelDeployResponse()
    }
    try await withDaemon([cancel]) { daemon, client in
      async let failure = error { () async throws(RollbackError) in
        _ = try await client.cancelDeploy(CancelDeployRequest(deploy: "id"))
      }
      await calls.next()
      daemon.cutConnections()
      let told = await failure
      #expect(told?.reason == .connectionLost)
      #expect(told?.code == 14)
      #expect(count.withLock { $0 } == 1)
    }
  }

  /// It says UNAVAILABLE to what it has not begun too, and that is made again.
  @Test("that change something are not made again when the daemon shut down while it carried them out")
  func writesAreNotRepeatedAfterAShutdown() async throws {
    let calls = Mailbox<Void>()
    let register: ServerMethod = .unary(Served.methods.registerApp) { _, _ in
      calls.put(())
      try await untilCancelled()
      return RegisterAppResponse()
    }
    try await withDaemon([register]) { daemon, client in
      async let failure = error { () async throws(RollbackError) in
        _ = try await client.registerApp(RegisterAppRequest(name: "app"))
      }
      await calls.next()
      daemon.shutDown()
      let told = await failure
      #expect(told?.reason == .connectionLost)
      #expect(told?.code == 14)
      #expect(daemon.connectionCount == 1)
    }
  }

  @Test("are made on a new connection when the old one was lost while nothing was under way")
  func idleLoss() async throws {
    try await withDaemon([Served.cancel { CancelDeployResponse(leftOn: $0.deploy) }]) { daemon, client in
      for number in 1...3 {
        let answer = try await client.cancelDeploy(CancelDeployRequest(deploy: "\(number)"))
        #expect(answer.leftOn == "\(number)")
        #expect(daemon.connectionCount == number)
        daemon.cutConnections()
      }
    }
  }

  @Test("share the making of a new connection")
  func reconnectsOnce() async throws {
    try await withDaemon([Served.health { GetHealthResponse() }]) { daemon, client in
      _ = try await client.health()
      daemon.cutConnections()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<100 { group.addTask { _ = try await client.health() } }
        try await group.waitForAll()
      }
      #expect(daemon.connectionCount == 2)
    }
  }

  @Test("wait while the socket's backlog is full, no longer than connectTimeout")
  func fullBacklog() async throws {
    var configuration = RollbackClient.Configuration()
    configuration.connectTimeout = .milliseconds(100)
    try await withDaemon([Served.health { GetHealthResponse() }], configuration: configuration) { daemon, client in
      daemon.refuseConnections([EAGAIN, EAGAIN])
      async let pauses = daemon.clock.passSleeps(2)
      _ = try await client.health()
      #expect(await pauses == [.milliseconds(10), .milliseconds(20)])

      daemon.cutConnections()
      daemon.refuseConnections(Array(repeating: EAGAIN, count: 9))
      async let morePauses = daemon.clock.passSleeps(3)
      let failure = await error { () async throws(RollbackError) in _ = try await client.health() }
      #expect(failure?.reason == .daemonUnreachable)
      #expect(failure?.details["errno"] == "EAGAIN")
      #expect(await morePauses == [.milliseconds(10), .milliseconds(20), .milliseconds(40)])
    }
  }

  @Test("end by their timeout when nothing answers")
  func timeout() async throws {
    var configuration = RollbackClient.Configuration()
    configuration.callTimeout = .milliseconds(5)
    let health = Served.health {
      try await untilCancelled()
      return GetHealthResponse()
    }
    try await withDaemon([health], configuration: configuration) { _, client in
      let failure = await error { () async throws(RollbackError) in _ = try await client.health() }
      #expect(failure?.reason == .deadlineExceeded)
      #expect(failure?.code == 4)
    }
  }

  @Test("are given up by cancelling the task")
  func cancellation() async throws {
    let calls = Mailbox<Void>()
    let health = Served.health {
      calls.put(())
      try await untilCancelled()
      return GetHealthResponse()
    }
    try await withDaemon([health]) { _, client in
      let task = Task { await error { () async throws(RollbackError) in _ = try await client.health() } }
      await calls.next()
      task.cancel()
      #expect(await task.value?.reason == .cancelled)
    }
  }

  @Test("fail at once after the client was closed")
  func closed() async throws {
    try await withDaemon([Served.health { GetHealthResponse() }]) { _, client in
      client.session.close()
      let failure = await error { () async throws(RollbackError) in _ = try await client.health() }
      #expect(failure?.reason == .connectionLost)
    }
  }
}
