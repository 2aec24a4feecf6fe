import Glibc
import Locking
import RollbackMessages
import RollbackTestKit
import TTRPC
import TTRPCCore
import Testing

@testable import RollbackClient

@Suite("Rollouts")
struct RolloutTests {
  @Test("tell their frames up to the finished one, and nothing after")
  func wholeStory() async throws {
    let rollback = Served.rollback { _, writer in
      for frame in Story.frames(4) { try await writer.send(frame) }
      try await untilCancelled()
    }
    try await withDaemon([rollback]) { _, client in
      var frames: [RolloutFrame] = []
      for try await frame in client.rollback(RollbackRequest(app: "hello")) { frames.append(frame) }
      #expect(frames == Story.frames(4))
    }
  }

  @Test("carry a request id: the caller's, or one of their own")
  func requestIDs() async throws {
    let requests = Mailbox<RolloutOptions?>()
    let rollback = Served.rollback { request, writer in
      requests.put(request.options)
      try await writer.send(Story.finished(1))
    }
    let deploy = Served.deploy { request, writer in
      requests.put(request.options)
      try await writer.send(Story.finished(1))
    }
    try await withDaemon([rollback, deploy]) { _, client in
      for try await _ in client.rollback(RollbackRequest(app: "hello")) {}
      for try await _ in client.deploy(DeployRequest(app: "hello", options: RolloutOptions(requestID: "mine"))) {}
      let frames = client.deploy(DeployRequest(app: "hello", options: RolloutOptions(reason: "why")))
      for try await _ in frames {}
      for try await _ in frames {}
    }
    let own = await requests.next()?.requestID ?? ""
    #expect(UUIDText.canonical(own) == own)
    #expect(await requests.next() == RolloutOptions(requestID: "mine"))
    let first = await requests.next()
    #expect(first?.reason == "why")
    #expect(first?.requestID.isEmpty == false)
    #expect(await requests.next() == first, "iterating again joins the same operation")
  }

  @Test("lost before they were accepted are asked for again with the same request id, and it does not show")
  func lostBeforeAcceptance() async throws {
    let requests = Mailbox<DeployRequest>()
    let answered = Locked(false)
    let deploy = Served.deploy { request, writer in
      requests.put(request)
      let isFirst = answered.withLock { answered in
        defer { answered = true }
        return !answered
      }
      if isFirst { try await untilCancelled() }
      for frame in Story.frames(3, joined: true) { try await writer.send(frame) }
    }
    try await withDaemon([deploy]) { daemon, client in
      async let frames = Array(client.deploy(DeployRequest(app: "hello")))
      let first = await requests.next()
      daemon.cutConnections()
      #expect(await daemon.clock.nextSleep() == .milliseconds(100))
      daemon.clock.advance(by: .milliseconds(100))
      let told = try await frames
      #expect(told == Story.frames(3, joined: false))
      #expect(await requests.next() == first)
      #expect(daemon.connectionCount == 2)
    }
  }

  @Test("lost with everybody else's are asked for again in step with nobody")
  func drawnPauses() async throws {
    let requests = Mailbox<DeployRequest>()
    let deploy = Served.deploy { request, _ in
      requests.put(request)
      try await untilCancelled()
    }
    try await withDaemon([deploy], random: { 0.5 }) { daemon, client in
      let watching = Task { try await Array(client.deploy(DeployRequest(app: "hello"))) }
      for milliseconds in [75, 150, 300] {
        _ = await requests.next()
        daemon.cutConnections()
        #expect(await daemon.clock.nextSleep() == .milliseconds(milliseconds))
        daemon.clock.advance(by: .milliseconds(milliseconds))
      }
      watching.cancel()
      _ = await watching.result
    }
  }

  @Test("lost on their way are attached to again behind the last frame, without repeats")
  func lostMidway() async throws {
    let watched = Mailbox<WatchDeployRequest>()
    let rollback = Served.rollback { _, writer in
      for frame in Story.frames(9).prefix(3) { try await writer.send(frame) }
      try await untilCancelled()
    }
    // It repeats more than it was asked for.
    let watch = Served.watch { request, writer in
      watched.put(request)
      for frame in Story.frames(6) { try await writer.send(frame) }
    }
    try await withDaemon([rollback, watch]) { daemon, client in
      var iterator = client.rollback(RollbackRequest(app: "hello")).makeAsyncIterator()
      let first = try await iterator.take(3)
      #expect(first == Array(Story.frames(9).prefix(3)))
      daemon.cutConnections()
      async let _ = daemon.clock.passSleeps(1)
      let rest = try await iterator.take(9)
      #expect(rest == Array(Story.frames(6).suffix(3)))
      #expect(await watched.next() == WatchDeployRequest(deploy: Story.deployID, fromSeq: 4))
    }
  }

  @Test("outlast a daemon that is away for a while, with ever longer pauses")
  func restart() async throws {
    let rollback = Served.rollback { _, writer in
      try await writer.send(Story.accepted())
      try await untilCancelled()
    }
    let watch = Served.watch { _, writer in try await writer.send(Story.finished(2)) }
    try await withDaemon([rollback, watch]) { daemon, client in
      var iterator = client.rollback(RollbackRequest(app: "hello")).makeAsyncIterator()
      let first = try await iterator.take(1)
      #expect(first == [Story.accepted()])
      daemon.refuseConnections([ECONNREFUSED, ENOENT, ENOENT])
      daemon.cutConnections()
      async let pauses = daemon.clock.passSleeps(4)
      let rest = try await iterator.take(2)
      #expect(rest == [Story.finished(2)])
      #expect(await pauses == [100, 200, 400, 800].map { .milliseconds($0) })
    }
  }

  @Test("are given up when the daemon stays away, and the error says where to go on")
  func givesUp() async throws {
    let rollback = Served.rollback { _, writer in
      try await writer.send(Story.accepted())
      try await untilCancelled()
    }
    var configuration = RollbackClient.Configuration()
    configuration.retry.maximumAttempts = 3
    try await withDaemon([rollback], configuration: configuration) { daemon, client in
      var iterator = client.rollback(RollbackRequest(app: "hello")).makeAsyncIterator()
      _ = try await iterator.next()
      daemon.refuseConnections(Array(repeating: ENOENT, count: 10))
      daemon.cutConnections()
      async let pauses = daemon.clock.passSleeps(3)
      let failure = await error { () async throws(RollbackError) in _ = try await iterator.next() }
      #expect(await pauses.count == 3)
      #expect(failure?.reason == .daemonUnreachable)
      #expect(failure?.message.hasSuffix("The rollout itself goes on: watch deploy \(Story.deployID) later.") == true)
      #expect(failure?.details["deploy_id"] == Story.deployID)
      #expect(failure?.details["next_seq"] == "2")
      #expect(failure?.details["errno"] == "ENOENT")
    }
  }

  @Test("that are refused are not tried again")
  func refused() async throws {
    let calls = Locked(0)
    let rollback = Served.rollback { _, _ in
      calls.withLock { $0 += 1 }
      throw RPCError.refusal(
        .conflict, "another deploy is in progress", metadata: ["deploy_id": "9f31", "actor": "ci"])
    }
    try await withDaemon([rollback]) { _, client in
      let failure = await error { () async throws(RollbackError) in
        for try await _ in client.rollback(RollbackRequest(app: "hello")) {}
      }
      #expect(failure?.reason == .conflict)
      #expect(failure?.code == 10)
      #expect(failure?.message == "another deploy is in progress")
      #expect(failure?.details == ["deploy_id": "9f31", "actor": "ci"])
      #expect(calls.withLock { $0 } == 1)
    }
  }

  @Test("tell at once that the database is away before they begin, and outlast it after")
  func unavailable() async throws {
    let watches = Locked(0)
    let rollback = Served.rollback { request, writer in
      guard request.app == "hello" else { throw RPCError.refusal(.unavailable) }
      try await writer.send(Story.accepted())
      throw RPCError.refusal(.unavailable)
    }
    let watch = Served.watch { _, writer in
      let count = watches.withLock { count in
        count += 1
        return count
      }
      if count < 3 { throw RPCError.refusal(.unavailable) }
      try await writer.send(Story.finished(7))
    }
    try await withDaemon([rollback, watch]) { daemon, client in
      let failure = await error { () async throws(RollbackError) in
        for try await _ in client.rollback(RollbackRequest(app: "other")) {}
      }
      #expect(failure?.reason == .unavailable)
      async let pauses = daemon.clock.passSleeps(3)
      var frames: [RolloutFrame] = []
      for try await frame in client.rollback(RollbackRequest(app: "hello")) { frames.append(frame) }
      #expect(frames == [Story.accepted(), Story.finished(7)])
      #expect(await pauses == [100, 200, 400].map { .milliseconds($0) })
      #expect(daemon.connectionCount == 1, "the connection was good all the time")
    }
  }

  @Test("whose stream ends too early are attached to again")
  func endedEarly() async throws {
    let rollback = Served.rollback { _, writer in try await writer.send(Story.accepted()) }
    let watch = Served.watch { _, writer in try await writer.send(Story.finished(2)) }
    try await withDaemon([rollback, watch]) { daemon, client in
      async let _ = daemon.clock.passSleeps(1)
      let frames = try await Array(client.rollback(RollbackRequest(app: "hello")))
      #expect(frames == Story.frames(2))
    }
  }

  @Test("are told whole to a reader that falls far behind")
  func slowReader() async throws {
    let count: UInt64 = 4000
    let watches = Locked(0)
    let watch = Served.watch { request, writer in
      watches.withLock { $0 += 1 }
      for frame in Story.frames(count) where frame.seq >= request.fromSeq { try await writer.send(frame) }
    }
    var options = ClientOptions()
    options.limits.maximumInboxBytes = 4096
    options.inboxStallTimeout = .milliseconds(1)
    var configuration = RollbackClient.Configuration()
    configuration.retry.initialDelay = .zero
    let health = Served.health { GetHealthResponse(version: "1") }
    try await withDaemon([watch, health], configuration: configuration, options: options) { daemon, client in
      var iterator = client.watchDeploy(WatchDeployRequest(deploy: Story.deployID)).makeAsyncIterator()
      let first = try await iterator.take(1)
      #expect(first == [Story.accepted()])
      // The connection serves others although nobody reads the stream.
      let health = try await client.health()
      #expect(health.version == "1")
      let rest = try await iterator.take(.max)
      #expect(rest == Array(Story.frames(count).dropFirst()))
      #expect(watches.withLock { $0 } > 1)
    }
  }

  @Test("are left by cancelling the task, with an error that says so")
  func cancellation() async throws {
    let left = Mailbox<Bool>()
    let watch = Served.watch { _, writer in
      try await writer.send(Story.accepted())
      do { try await untilCancelled() } catch { left.put(true) }
    }
    try await withDaemon([watch]) { daemon, client in
      let seen = Mailbox<RolloutFrame>()
      let task = Task { () async -> RollbackError? in
        await error { () async throws(RollbackError) in
          for try await frame in client.watchDeploy(WatchDeployRequest(deploy: Story.deployID)) { seen.put(frame) }
        }
      }
      _ = await seen.next()
      task.cancel()
      let failure = await task.value
      #expect(failure?.reason == .cancelled)
      #expect(failure?.code == 1)
      #expect(failure?.details["deploy_id"] == Story.deployID)
    }
    // The daemon learns of it by the end of the connection.
    #expect(await left.next())
  }
}

extension Array where Element: Sendable {
  /// Everything a sequence gives.
  init<S: AsyncSequence>(_ sequence: S) async throws where S.Element == Element {
    self = []
    for try await element in sequence { append(element) }
  }
}

extension RolloutFrames.Iterator {
  /// The next frames, as many as there are.
  mutating func take(_ count: Int) async throws(RollbackError) -> [RolloutFrame] {
    var frames: [RolloutFrame] = []
    while frames.count < count, let frame = try await next() { frames.append(frame) }
    return frames
  }
}

extension ManualClock {
  /// Lets the next sleeps pass, and tells how long they were to be.
  func passSleeps(_ count: Int) async -> [Duration] {
    var durations: [Duration] = []
    while durations.count < count {
      let duration = await nextSleep()
      durations.append(duration)
      advance(by: duration)
    }
    return durations
  }
}
