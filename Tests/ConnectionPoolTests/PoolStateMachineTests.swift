import Testing

@testable import ConnectionPool

@Suite("Pool machine")
struct PoolStateMachineTests {
  // MARK: Serving

  @Test func nothingIsOpenedBeforeTheStart() throws {
    var pool = HeldPool { $0.minimumConnections = 1 }
    #expect(try pool.wait("a").isEmpty)
    let opened = pool.begin()
    #expect(opened.count == 1)
    #expect(pool.connected(opened[0]).served.map(\.request) == ["a"])
  }

  @Test func theMinimumIsOpenedAFewAtATime() {
    var pool = HeldPool {
      $0.minimumConnections = 3
      $0.maximumConnections = 5
      $0.maximumConnecting = 2
    }
    let opened = pool.begin()
    #expect(opened.count == 2)
    let next = pool.connected(opened[0]).opened
    #expect(next.count == 1)
    #expect(pool.connected(opened[1]).opened.isEmpty)
    #expect(pool.connected(next[0]).opened.isEmpty)
    #expect(pool.machine.statistics.idle == 3)
  }

  @Test func aCallerWithoutConnectionOpensOneAndGetsIt() throws {
    var pool = HeldPool()
    _ = pool.begin()
    let opened = try pool.wait("a")
    #expect(opened.count == 1)
    pool.pass(.milliseconds(7))
    #expect(pool.connected(opened[0]).served == [.init(request: "a", connection: opened[0])])
    let statistics = pool.machine.statistics
    #expect(statistics.inUse == 1)
    #expect(statistics.opened == 1)
    #expect(statistics.acquireTime == .milliseconds(7))
    #expect(statistics.longestAcquireTime == .milliseconds(7))
  }

  @Test func callersAreServedInOrder() throws {
    var pool = HeldPool { $0.maximumConnections = 1 }
    let id = try pool.withIdle(1)[0]
    #expect(try pool.lease("a") == id)
    for request in ["b", "c", "d"] { #expect(try pool.wait(request).isEmpty) }
    #expect(pool.release(id) == .serve("b"))
    #expect(pool.release(id) == .serve("c"))
    #expect(pool.release(id) == .serve("d"))
    #expect(pool.release(id) == .park)
  }

  @Test func theConnectionUsedLastIsGivenOutFirst() throws {
    var pool = HeldPool()
    _ = pool.begin()
    let first = try pool.wait("a")[0]
    let second = try pool.wait("b")[0]
    _ = pool.connected(first)
    _ = pool.connected(second)
    _ = pool.release(second)
    _ = pool.release(first)
    #expect(try pool.lease("c") == first)
    #expect(try pool.lease("d") == second)
  }

  @Test func theMaximumIsNeverPassed() throws {
    var pool = HeldPool { $0.maximumConnecting = 9 }
    _ = pool.begin()
    #expect(try pool.wait("a").count == 1)
    #expect(try pool.wait("b").count == 1)
    #expect(try pool.wait("c").isEmpty)
    #expect(pool.machine.statistics.connecting == 2)
    #expect(pool.machine.statistics.waiting == 3)
  }

  // MARK: Waiting

  @Test func aCallerIsToldWhenItsTimeIsUp() throws {
    var pool = HeldPool { $0.maximumConnections = 1 }
    let id = try pool.withIdle(1)[0]
    _ = try pool.lease("a")
    _ = try pool.wait("b", within: .seconds(2))
    _ = try pool.wait("c", within: .seconds(1))
    #expect(pool.machine.nextDeadline == pool.now + .seconds(1))
    #expect(pool.tick(.seconds(1)).refused == [.init(request: "c", error: .acquireTimeout)])
    #expect(pool.tick(.milliseconds(999)).refused.isEmpty)
    #expect(pool.tick(.milliseconds(1)).refused == [.init(request: "b", error: .acquireTimeout)])
    #expect(pool.release(id) == .park)
    #expect(pool.machine.statistics.refused == [.acquireTimeout: 2])
  }

  @Test func aCancelledCallerLeavesTheQueue() throws {
    var pool = HeldPool { $0.maximumConnections = 1 }
    let id = try pool.withIdle(1)[0]
    _ = try pool.lease("a")
    _ = try pool.wait("b")
    _ = try pool.wait("c")
    let answers = [pool.machine.cancel("b"), pool.machine.cancel("b")]
    #expect(answers == [true, false])
    #expect(pool.release(id) == .serve("c"))
    let late = pool.machine.cancel("c")
    #expect(!late)
    #expect(pool.machine.statistics.cancelled == 1)
  }

  @Test func aLongQueueFailsFast() throws {
    var pool = HeldPool {
      $0.maximumConnections = 1
      $0.maximumWaiters = 2
    }
    _ = try pool.withIdle(1)
    _ = try pool.lease("a")
    _ = try pool.wait("b")
    _ = try pool.wait("c")
    #expect(pool.acquire("d") == .fail(.queueFull))
  }

  @Test func aCallerWithoutTimeIsRefusedAtOnce() throws {
    var pool = HeldPool { $0.maximumConnections = 1 }
    _ = try pool.withIdle(1)
    _ = try pool.lease("a")
    #expect(pool.acquire("b", within: .zero) == .fail(.acquireTimeout))
  }

  @Test func aConnectionOpenedForACallerThatLeftIsKept() throws {
    var pool = HeldPool()
    _ = pool.begin()
    let id = try pool.wait("a")[0]
    _ = pool.machine.cancel("a")
    #expect(pool.connected(id).served.isEmpty)
    #expect(try pool.lease("b") == id)
  }

  // MARK: Giving back

  @Test(
    arguments: [
      (.broken, .broken), (.inTransaction, .inTransaction), (.undrained, .undrained),
    ] as [(PoolConnectionCondition, PoolCloseReason)])
  func whatIsNotCleanIsClosedAndReplacedForThoseThatWait(
    _ condition: PoolConnectionCondition, _ reason: PoolCloseReason
  ) throws {
    var pool = HeldPool { $0.maximumConnections = 1 }
    let id = try pool.withIdle(1)[0]
    _ = try pool.lease("a")
    _ = try pool.wait("b")
    let closed = try pool.releaseClosing(id, condition)
    #expect(closed.reason == reason)
    #expect(closed.step.opened.count == 1)
    #expect(pool.machine.statistics.closed == [reason: 1])
    #expect(pool.connected(closed.step.opened[0]).served.map(\.request) == ["b"])
  }

  @Test func aConnectionGivenBackTwiceIsIgnored() throws {
    var pool = HeldPool()
    let id = try pool.withIdle(1)[0]
    _ = try pool.lease("a")
    #expect(pool.release(id) == .park)
    #expect(pool.release(id) == .ignore)
    #expect(pool.machine.statistics.idle == 1)
  }

  // MARK: Age

  @Test func anIdleConnectionBeyondTheMinimumIsClosed() throws {
    var pool = HeldPool {
      $0.minimumConnections = 1
      $0.idleTimeout = .seconds(60)
    }
    let first = pool.begin()[0]
    _ = pool.connected(first)
    _ = try pool.lease("a")
    let second = try pool.wait("b")[0]
    _ = pool.connected(second)
    _ = pool.release(first)
    _ = pool.release(second)
    #expect(pool.machine.nextDeadline == pool.now + .seconds(60))
    #expect(pool.tick(.seconds(59)).closed.isEmpty)
    // The one given back first was idle for longest; the other one is the minimum.
    #expect(pool.tick(.seconds(1)).closed == [.init(connection: first, reason: .idle)])
    #expect(pool.tick(.seconds(600)).closed.isEmpty)
  }

  @Test(arguments: [(0.0, 100), (0.5, 95), (0.999_999, 91)])
  func theLifetimeIsShortenedByUpToATenth(_ random: Double, _ seconds: Int) throws {
    var pool = HeldPool {
      $0.lifetime = .seconds(100)
      $0.idleTimeout = .seconds(1000)
    }
    _ = pool.begin()
    let id = try pool.wait("a")[0]
    _ = pool.connected(id, random: random)
    _ = pool.release(id)
    #expect(pool.tick(.seconds(seconds - 1)).closed.isEmpty)
    #expect(pool.tick(.seconds(1)).closed == [.init(connection: id, reason: .lifetime)])
  }

  @Test func aConnectionInUsePastItsLifetimeIsClosedWhenItComesBack() throws {
    var pool = HeldPool {
      $0.minimumConnections = 1
      $0.lifetime = .seconds(100)
    }
    let id = pool.begin()[0]
    _ = pool.connected(id)
    _ = try pool.lease("a")
    #expect(pool.tick(.seconds(200)).closed.isEmpty)
    let closed = try pool.releaseClosing(id)
    #expect(closed.reason == .lifetime)
    #expect(closed.step.opened.count == 1, "the minimum is filled up again")
  }

  // MARK: Asking whether it lives

  @Test func aConnectionThatWasIdleForLongIsAskedAndTheOrderIsKept() throws {
    var pool = HeldPool { $0.maximumConnections = 1 }
    let id = try pool.withIdle(1)[0]
    pool.pass(.milliseconds(1001))
    guard case .wait(let step) = pool.acquire("a") else { throw HeldPool.Unexpected() }
    #expect(step.validated == [id])
    #expect(step.opened.isEmpty)
    #expect(try pool.wait("b").isEmpty)
    #expect(pool.machine.validated(id, isAlive: true, now: pool.now).served.map(\.request) == ["a"])
    #expect(pool.release(id) == .serve("b"))
  }

  @Test func aConnectionUsedWithinASecondIsNotAsked() throws {
    var pool = HeldPool()
    let id = try pool.withIdle(1)[0]
    pool.pass(.seconds(1))
    #expect(try pool.lease("a") == id)
  }

  @Test func oneThatDoesNotLiveIsReplacedAndTheCallerKeepsItsPlace() throws {
    var pool = HeldPool()
    let id = try pool.withIdle(1)[0]
    pool.pass(.seconds(2))
    _ = pool.acquire("a")
    let step = pool.machine.validated(id, isAlive: false, now: pool.now)
    #expect(step.closed == [.init(connection: id, reason: .validationFailed)])
    #expect(step.opened.count == 1)
    #expect(pool.connected(step.opened[0]).served.map(\.request) == ["a"])
  }

  @Test func anAnswerThatDoesNotComeIsNotWaitedForLong() throws {
    var pool = HeldPool { $0.validationTimeout = .milliseconds(500) }
    let id = try pool.withIdle(1)[0]
    pool.pass(.seconds(2))
    _ = pool.acquire("a")
    #expect(pool.machine.nextDeadline == pool.now + .milliseconds(500))
    let step = pool.tick(.milliseconds(500))
    #expect(step.closed == [.init(connection: id, reason: .validationFailed)])
    #expect(step.opened.count == 1)
    let late = pool.machine.validated(id, isAlive: true, now: pool.now)
    #expect(late == HeldPool.Machine.Step(), "a late answer is of no interest")
  }

  @Test func anIdleConnectionThatBrokeIsReplacedForTheMinimum() {
    var pool = HeldPool { $0.minimumConnections = 1 }
    let id = pool.begin()[0]
    _ = pool.connected(id)
    let step = pool.machine.broke(id, now: pool.now)
    #expect(step.closed == [.init(connection: id, reason: .broken)])
    #expect(step.opened.count == 1)
    let again = pool.machine.broke(id, now: pool.now)
    #expect(again == HeldPool.Machine.Step())
  }

  @Test func oneInUseThatBrokeIsLeftToItsUser() throws {
    var pool = HeldPool()
    let id = try pool.withIdle(1)[0]
    _ = try pool.lease("a")
    let step = pool.machine.broke(id, now: pool.now)
    #expect(step == HeldPool.Machine.Step())
    #expect(pool.machine.statistics.inUse == 1)
  }
}
