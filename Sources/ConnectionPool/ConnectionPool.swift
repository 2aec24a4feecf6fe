/// The shell around ``PoolStateMachine``: it does what the machine says, through its driver.
///
/// Confined to the context of its driver; not `Sendable`. It has no tasks: whatever is under way belongs to the driver
/// and ends with a completion.
public final class ConnectionPool<Driver: PoolDriver> {
  /// A connection in a user's hands.
  public struct Lease {
    public let id: PoolConnectionID
    public let connection: Driver.Connection
  }

  /// Names a caller that waits.
  public struct Request: Hashable, Sendable {
    let number: Int
  }

  private let driver: Driver
  private var machine: PoolStateMachine<Request>
  private var open: [PoolConnectionID: Driver.Connection] = [:]
  private var waiting: [Request: (Result<Lease, PoolError>) -> Void] = [:]
  private var timer: (deadline: ContinuousClock.Instant, handle: Driver.Timer)?
  private var whenFinished: (() -> Void)?
  private var lastRequest = 0

  /// Why the last attempt to connect failed; nil after one that did not.
  public private(set) var lastConnectError: (any Error)?

  public init(driver: Driver, configuration: PoolConfiguration) {
    self.driver = driver
    machine = PoolStateMachine(configuration: configuration)
  }

  public var statistics: PoolStatistics { machine.statistics }

  /// Opens the minimum, and calls `whenFinished` once when the pool has been shut and is empty: at once when it was
  /// stopped before it started.
  public func start(whenFinished: @escaping () -> Void) {
    if machine.isStopped { return whenFinished() }
    self.whenFinished = whenFinished
    perform(machine.start(now: driver.now))
  }

  /// No new callers; those who wait are served; connections close as they are given back.
  public func drain() { perform(machine.drain()) }

  /// Refuses everybody and closes everything, also what is in use.
  public func stop() { perform(machine.stop()) }

  /// Calls `completion` once with a connection or the reason why there is none, possibly before it returns.
  ///
  /// - Returns: the name by which ``cancel(_:)`` knows a caller that has to wait; nil when it was answered.
  @discardableResult
  public func acquire(
    deadline: ContinuousClock.Instant? = nil, completion: @escaping (Result<Lease, PoolError>) -> Void
  ) -> Request? {
    let now = driver.now
    lastRequest += 1
    let request = Request(number: lastRequest)
    let deadline = deadline ?? now + machine.configuration.acquireTimeout
    switch machine.acquire(request, deadline: deadline, now: now) {
    case .lease(let id):
      complete(completion, with: id)
      return nil
    case .fail(let error):
      completion(.failure(error))
      return nil
    case .wait(let step):
      waiting[request] = completion
      perform(step)
      return waiting[request] == nil ? nil : request
    }
  }

  /// A caller stops waiting. False when it has been answered already; else its completion is never called.
  public func cancel(_ request: Request) -> Bool {
    guard machine.cancel(request) else { return false }
    waiting[request] = nil
    return true
  }

  /// Gives a connection back.
  public func release(_ id: PoolConnectionID, _ condition: PoolConnectionCondition) {
    switch machine.release(id, condition, now: driver.now) {
    case .park: arm()
    case .serve(let request): serve(request, id)
    case .close(_, let step):
      close(id)
      perform(step)
    case .ignore: break
    }
  }

  /// The driver's word that a connection has ended by itself.
  public func connectionBroke(_ id: PoolConnectionID) {
    perform(machine.broke(id, now: driver.now))
  }

  // MARK: Acting

  private func perform(_ step: PoolStateMachine<Request>.Step) {
    for closed in step.closed { close(closed.connection) }
    for served in step.served { serve(served.request, served.connection) }
    for refused in step.refused { waiting.removeValue(forKey: refused.request)?(.failure(refused.error)) }
    for id in step.validated { validate(id) }
    for id in step.opened { connect(id) }
    arm()
    if step.isFinished {
      // It would keep the pool alive for as long as it waits.
      if let timer { driver.cancel(timer.handle) }
      timer = nil
      whenFinished?()
      whenFinished = nil
    }
  }

  private func serve(_ request: Request, _ id: PoolConnectionID) {
    guard let completion = waiting.removeValue(forKey: request) else { return }
    complete(completion, with: id)
  }

  private func complete(_ completion: (Result<Lease, PoolError>) -> Void, with id: PoolConnectionID) {
    guard let connection = open[id] else { return completion(.failure(.shuttingDown)) }
    completion(.success(Lease(id: id, connection: connection)))
  }

  private func connect(_ id: PoolConnectionID) {
    driver.open(id) { [self] result in
      switch result {
      case .success(let connection):
        open[id] = connection
        lastConnectError = nil
        perform(machine.connected(id, now: driver.now, random: driver.random()))
      case .failure(let error):
        lastConnectError = error
        perform(machine.connectFailed(id, now: driver.now, random: driver.random()))
      }
    }
  }

  private func validate(_ id: PoolConnectionID) {
    guard let connection = open[id] else { return }
    driver.validate(connection) { [self] isAlive in
      perform(machine.validated(id, isAlive: isAlive, now: driver.now))
    }
  }

  private func close(_ id: PoolConnectionID) {
    if let connection = open.removeValue(forKey: id) {
      driver.close(connection)
    } else {
      driver.abandon(id)
    }
  }

  /// Keeps one timer at the machine's next deadline. One that would fire early is left alone: it does no harm, and
  /// deadlines mostly move away.
  private func arm() {
    guard let deadline = machine.nextDeadline else { return }
    if let timer {
      if timer.deadline <= deadline { return }
      driver.cancel(timer.handle)
    }
    let handle = driver.schedule(at: deadline) { [self] in
      timer = nil
      perform(machine.timeReached(now: driver.now))
    }
    timer = (deadline, handle)
  }
}
