@testable import ConnectionPool
import Testing

@Suite("Pool machine while the server is away")
struct PoolFailureTests {
  @Test func everybodyWhoWaitsIsToldAtOnce() throws {
    var pool = HeldPool { $0.maximumConnecting = 1 }
    _ = pool.begin()
    let id = try pool.wait("a")[0]
    _ = try pool.wait("b")
    let step = pool.connectFailed(id)
    #expect(
      step.refused == [.init(request: "a", error: .unavailable), .init(request: "b", error: .unavailable)])
    #expect(step.opened.isEmpty)
    #expect(pool.machine.statistics.isFailing)
  }

  @Test func withALivingConnectionCallersGoOnWaitingForIt() throws {
    var pool = HeldPool()
    let id = try pool.withIdle(1)[0]
    _ = try pool.lease("a")
    let second = try pool.wait("b")[0]
    #expect(pool.connectFailed(second).refused.isEmpty)
    #expect(pool.release(id) == .serve("b"))
  }

  @Test func pausesDoubleFromATenthToFifteenSecondsAndAreJittered() throws {
    var pool = HeldPool { $0.minimumConnections = 1 }
    var id = pool.begin()[0]
    for expected in [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000] {
      _ = pool.connectFailed(id, random: 1)
      #expect(pool.machine.nextDeadline == pool.now + .milliseconds(expected))
      #expect(pool.tick(.milliseconds(expected - 1)).opened.isEmpty)
      let opened = pool.tick(.milliseconds(1)).opened
      #expect(opened.count == 1)
      id = opened[0]
    }
    _ = pool.connectFailed(id, random: 0.5)
    #expect(pool.machine.nextDeadline == pool.now + .milliseconds(7500))
  }

  @Test func oneConnectionProbesAtATime() throws {
    var pool = HeldPool {
      $0.minimumConnections = 4
      $0.maximumConnections = 4
      $0.maximumConnecting = 4
    }
    let opened = pool.begin()
    #expect(opened.count == 4)
    for id in opened { _ = pool.connectFailed(id) }
    let probe = pool.tick(.seconds(1)).opened
    #expect(probe.count == 1)
    #expect(pool.tick(.seconds(60)).opened.isEmpty)
    // It is back: now the others may follow.
    #expect(pool.connected(probe[0]).opened.count == 3)
    #expect(!pool.machine.statistics.isFailing)
  }

  @Test func aCallerMayAskForAnAttemptOnceASecondAndWaitsForItBriefly() throws {
    var pool = HeldPool()
    _ = pool.begin()
    _ = pool.connectFailed(try pool.wait("a")[0])
    // The last attempt is younger than a second.
    #expect(pool.acquire("b") == .fail(.unavailable))
    pool.pass(.seconds(1))
    guard case .wait(let step) = pool.acquire("c") else { throw HeldPool.Unexpected() }
    #expect(step.opened.count == 1)
    pool.pass(.milliseconds(40))
    #expect(try pool.wait("d").isEmpty)
    // It does not come to anything in a tenth of a second.
    #expect(pool.tick(.milliseconds(59)).refused.isEmpty)
    #expect(pool.tick(.milliseconds(1)).refused.map(\.error) == [.unavailable, .unavailable])
    #expect(pool.acquire("e") == .fail(.unavailable))
  }

  @Test func theFirstCallerAfterTheReturnIsServed() throws {
    var pool = HeldPool()
    _ = pool.begin()
    var id = try pool.wait("a")[0]
    for _ in 1...10 {
      _ = pool.connectFailed(id, random: 1)
      pool.pass(.seconds(15))
      guard let next = pool.machine.timeReached(now: pool.now).opened.first else { throw HeldPool.Unexpected() }
      id = next
    }
    _ = pool.connectFailed(id, random: 1)
    // The next pause has fourteen seconds to go, but somebody asks.
    pool.pass(.seconds(1))
    let opened = try pool.wait("b")
    #expect(opened.count == 1)
    #expect(pool.connected(opened[0]).served.map(\.request) == ["b"])
    #expect(!pool.machine.statistics.isFailing)
  }

  @Test func attemptsPerSecondStayBoundedUnderLoad() throws {
    var pool = HeldPool()
    _ = pool.begin()
    var attempts = 0
    var pending: [PoolConnectionID] = []
    // A minute of 200 callers a second, each attempt failing at once.
    for n in 0..<12_000 {
      if case .wait(let step) = pool.acquire("\(n)") { pending += step.opened }
      pending += pool.tick(.milliseconds(5)).opened
      for id in pending {
        attempts += 1
        _ = pool.connectFailed(id, random: 0.5)
      }
      pending = []
    }
    #expect(attempts <= 66, "\(attempts)")
    #expect(pool.machine.statistics.waiting == 0)
  }
}

@Suite("Pool machine at its end")
struct PoolShutdownTests {
  @Test func drainingServesThoseThatWaitAndClosesWhatComesBack() throws {
    var pool = HeldPool()
    let ids = try pool.withIdle(2)
    _ = try pool.lease("a")
    #expect(pool.machine.drain().closed == [.init(connection: ids[0], reason: .shutdown)])
    #expect(pool.acquire("late") == .fail(.shuttingDown))
    guard case .close(.shutdown, let step) = pool.release(ids[1]) else { throw HeldPool.Unexpected() }
    #expect(step.isFinished)
  }

  @Test func drainingWithWaitersServesThemFirst() throws {
    var pool = HeldPool { $0.maximumConnections = 1 }
    let id = try pool.withIdle(1)[0]
    _ = try pool.lease("a")
    _ = try pool.wait("b")
    #expect(!pool.machine.drain().isFinished)
    #expect(pool.release(id) == .serve("b"))
    guard case .close(.shutdown, let step) = pool.release(id) else { throw HeldPool.Unexpected() }
    #expect(step.isFinished)
  }

  @Test func drainingWithAConnectionBeingOpenedForAWaiterServesIt() throws {
    var pool = HeldPool()
    _ = pool.begin()
    let id = try pool.wait("a")[0]
    #expect(!pool.machine.drain().isFinished)
    #expect(pool.connected(id).served.map(\.request) == ["a"])
    guard case .close(.shutdown, let step) = pool.release(id) else { throw HeldPool.Unexpected() }
    #expect(step.isFinished)
  }

  @Test func drainingWhileTheServerIsAwayEnds() throws {
    var pool = HeldPool()
    _ = pool.begin()
    let id = try pool.wait("a")[0]
    _ = pool.machine.drain()
    let step = pool.connectFailed(id)
    #expect(step.refused.map(\.request) == ["a"])
    #expect(step.isFinished)
  }

  @Test func drainingEndsWhenTheLastWaiterRunsOutOfTime() throws {
    var pool = HeldPool { $0.maximumConnecting = 1 }
    _ = pool.begin()
    let id = try pool.wait("a", within: .seconds(1))[0]
    _ = pool.machine.drain()
    let step = pool.tick(.seconds(1))
    #expect(step.refused.map(\.request) == ["a"])
    #expect(step.isFinished || pool.connected(id).isFinished)
  }

  @Test func anEmptyPoolIsDrainedAtOnce() {
    var pool = HeldPool()
    _ = pool.begin()
    #expect(pool.machine.drain().isFinished)
    #expect(!pool.machine.drain().isFinished, "it is said once")
  }

  @Test func stoppingClosesEverythingAndRefusesEverybody() throws {
    var pool = HeldPool()
    let ids = try pool.withIdle(2)
    _ = try pool.lease("a")
    _ = try pool.lease("b")
    _ = try pool.wait("c")
    let step = pool.machine.stop()
    #expect(Set(step.closed.map(\.connection)) == Set(ids))
    #expect(step.refused == [.init(request: "c", error: .shuttingDown)])
    #expect(step.isFinished)
    #expect(pool.release(ids[0]) == .ignore)
    #expect(pool.acquire("d") == .fail(.shuttingDown))
  }

  @Test func aConnectionThatOpensAfterTheEndIsClosed() throws {
    var pool = HeldPool()
    _ = pool.begin()
    let id = try pool.wait("a")[0]
    _ = pool.machine.stop()
    #expect(pool.connected(id).closed == [.init(connection: id, reason: .shutdown)])
  }
}

@Suite("Pool configuration")
struct PoolConfigurationTests {
  @Test func theDefaultsMakeSense() { #expect(PoolConfiguration().problem == nil) }

  @Test func aWrongValueIsNamed() {
    func problem(_ change: (inout PoolConfiguration) -> Void) -> String? {
      var configuration = PoolConfiguration()
      change(&configuration)
      return configuration.problem.map { String($0.prefix { $0 != " " }) }
    }
    #expect(problem { $0.maximumConnections = 0 } == "maximumConnections")
    #expect(problem { $0.minimumConnections = -1 } == "minimumConnections")
    #expect(problem { $0.minimumConnections = 99 } == "minimumConnections")
    #expect(problem { $0.maximumConnecting = 0 } == "maximumConnecting")
    #expect(problem { $0.maximumWaiters = -1 } == "maximumWaiters")
    #expect(problem { $0.acquireTimeout = .zero } == "acquireTimeout")
    #expect(problem { $0.lifetime = .seconds(-1) } == "lifetime")
  }
}
