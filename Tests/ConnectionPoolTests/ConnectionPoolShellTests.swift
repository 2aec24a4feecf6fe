import Testing

@testable import ConnectionPool

/// Connections that are numbers, opened and asked when the test says so, and a clock that the test holds.
final class FakeDriver: PoolDriver {
  final class Timer {
    let deadline: ContinuousClock.Instant
    var fire: (() -> Void)?

    init(_ deadline: ContinuousClock.Instant, _ fire: @escaping () -> Void) {
      self.deadline = deadline
      self.fire = fire
    }
  }

  struct Refused: Error {}

  var now = ContinuousClock.now
  var opening: [(id: PoolConnectionID, completion: (Result<Int, any Error>) -> Void)] = []
  var validating: [(connection: Int, completion: (Bool) -> Void)] = []
  var closed: [Int] = []
  var abandoned: [PoolConnectionID] = []
  private var timers: [Timer] = []
  private var last = 0

  func open(_ id: PoolConnectionID, completion: @escaping (Result<Int, any Error>) -> Void) {
    opening.append((id, completion))
  }

  func validate(_ connection: Int, completion: @escaping (Bool) -> Void) { validating.append((connection, completion)) }
  func abandon(_ id: PoolConnectionID) { abandoned.append(id) }
  func close(_ connection: Int) { closed.append(connection) }
  func cancel(_ timer: Timer) { timer.fire = nil }
  func random() -> Double { 0 }

  func schedule(at deadline: ContinuousClock.Instant, _ fire: @escaping () -> Void) -> Timer {
    let timer = Timer(deadline, fire)
    timers.append(timer)
    return timer
  }

  /// The oldest attempt succeeds; connections are numbered from 1.
  func succeed() {
    last += 1
    opening.removeFirst().completion(.success(last))
  }

  func fail() { opening.removeFirst().completion(.failure(Refused())) }

  func pass(_ time: Duration) {
    now += time
    for timer in timers where timer.deadline <= now {
      timer.fire?()
      timer.fire = nil
    }
    timers.removeAll { $0.fire == nil }
  }
}

@Suite("Pool shell")
struct ConnectionPoolShellTests {
  let driver = FakeDriver()

  func makePool(_ configure: (inout PoolConfiguration) -> Void = { _ in }) -> ConnectionPool<FakeDriver> {
    var configuration = PoolConfiguration()
    configuration.minimumConnections = 0
    configuration.maximumConnections = 1
    configure(&configuration)
    return ConnectionPool(driver: driver, configuration: configuration)
  }

  @Test func callersGetConnectionsAndHandThemOn() {
    let pool = makePool()
    var served: [String] = []
    var lease: ConnectionPool<FakeDriver>.Lease?
    pool.start {}
    pool.acquire { result in
      lease = try? result.get()
      served.append("a")
    }
    pool.acquire { _ in served.append("b") }
    #expect(served.isEmpty)
    driver.succeed()
    #expect(served == ["a"])
    #expect(lease?.connection == 1)
    if let lease { pool.release(lease.id, .clean) }
    #expect(served == ["a", "b"])
    #expect(driver.closed.isEmpty)
  }

  @Test func aPoolThatWasStoppedBeforeItStartedIsFinishedAtOnce() {
    let pool = makePool()
    var finished = 0
    pool.stop()
    pool.start { finished += 1 }
    #expect(finished == 1)
    #expect(driver.opening.isEmpty)
  }

  @Test func timeUpIsToldByTheTimer() {
    let pool = makePool { $0.acquireTimeout = .seconds(2) }
    var outcomes: [PoolError] = []
    pool.start {}
    pool.acquire { if case .failure(let error) = $0 { outcomes.append(error) } }
    driver.pass(.seconds(1))
    #expect(outcomes.isEmpty)
    driver.pass(.seconds(1))
    #expect(outcomes == [.acquireTimeout])
    // The connection comes all the same and is kept.
    driver.succeed()
    #expect(pool.statistics.idle == 1)
  }

  @Test func aFailureIsRememberedUntilAnAttemptSucceeds() {
    let pool = makePool()
    var outcomes: [PoolError] = []
    pool.start {}
    pool.acquire { if case .failure(let error) = $0 { outcomes.append(error) } }
    driver.fail()
    #expect(outcomes == [.unavailable])
    #expect(pool.lastConnectError is FakeDriver.Refused)
    driver.pass(.milliseconds(100))
    driver.succeed()
    #expect(pool.lastConnectError == nil)
    #expect(!pool.statistics.isFailing)
  }

  @Test func aStaleConnectionIsAskedFirst() {
    let pool = makePool()
    var served = 0
    pool.start {}
    pool.acquire { if let lease = try? $0.get() { pool.release(lease.id, .clean) } }
    driver.succeed()
    driver.pass(.seconds(2))
    pool.acquire { _ in served += 1 }
    #expect(served == 0)
    driver.validating.removeFirst().completion(false)
    #expect(driver.closed == [1])
    driver.succeed()
    #expect(served == 1)
  }

  @Test func aCancelledCallerIsNeverCalled() {
    let pool = makePool()
    var called = false
    pool.start {}
    let request = pool.acquire { _ in called = true }
    #expect(request.map { pool.cancel($0) } == true)
    driver.succeed()
    #expect(!called)
    #expect(request.map { pool.cancel($0) } == false)
  }

  @Test func theEndIsToldOnceAfterTheLastConnectionIsBack() {
    let pool = makePool()
    var ends = 0
    var lease: ConnectionPool<FakeDriver>.Lease?
    pool.start { ends += 1 }
    pool.acquire { lease = try? $0.get() }
    driver.succeed()
    pool.drain()
    #expect(ends == 0)
    if let lease { pool.release(lease.id, .clean) }
    #expect(ends == 1)
    #expect(driver.closed == [1])
    pool.stop()
    #expect(ends == 1)
  }

  @Test func aConnectionThatOpensAfterTheEndIsClosed() {
    let pool = makePool()
    pool.start {}
    pool.acquire { _ in }
    pool.stop()
    #expect(driver.abandoned == driver.opening.map(\.id))
    driver.succeed()
    #expect(driver.closed == [1])
  }
}
