internal import ConnectionPool
internal import LinuxIO

/// The pooled connections and the lanes that reads share. Confined to the loop, and not `Sendable`.
final class PostgresPool {
  typealias Completion = (Result<PostgresResult?, any Error>) -> Void
  typealias Pool = ConnectionPool<PostgresPoolDriver>

  /// A connection on which reads of several callers are on their way at once.
  private final class Lane {
    let id: PoolConnectionID
    let connection: PostgresConnection
    /// Those in its pipeline, also where nobody waits for their answers any more.
    var reads = 0

    init(_ lease: Pool.Lease) {
      id = lease.id
      connection = lease.connection
    }
  }

  let configuration: PostgresConfiguration
  private let pool: Pool
  private var lanes: [Lane] = []
  private var lanesBeingAcquired = 0
  private var pendingReads: [Operation] = []

  /// With this many reads on a lane another one is wanted.
  private static let readsPerBusyLane = 16

  init(configuration: PostgresConfiguration, loop: EventLoop, threads: PostgresThreads) {
    self.configuration = configuration
    let driver = PostgresPoolDriver(configuration: configuration, loop: loop, threads: threads)
    pool = Pool(driver: driver, configuration: configuration.pool)
    driver.whenLost = { [weak self] in self?.connectionWasLost($0) }
  }

  var statistics: PoolStatistics { pool.statistics }
  func start(whenFinished: @escaping () -> Void) { pool.start(whenFinished: whenFinished) }
  func drain() { pool.drain() }
  func stop() { pool.stop() }

  func acquire(_ completion: @escaping (Result<Pool.Lease, PostgresError>) -> Void) -> Pool.Request? {
    pool.acquire { [pool] result in completion(result.mapError { PostgresError($0, pool.lastConnectError) }) }
  }

  func cancel(_ request: Pool.Request) -> Bool { pool.cancel(request) }

  func release(_ lease: Pool.Lease) { release(lease.id, lease.connection) }

  private func release(_ id: PoolConnectionID, _ connection: PostgresConnection) {
    pool.release(id, PoolConnectionCondition(connection.condition))
  }

  // MARK: Reads that share connections

  /// Sends a read on a shared connection, as soon as there is one.
  func read(_ operation: Operation) {
    let best = lanes.min { $0.reads < $1.reads }
    let isBusy = min(Self.readsPerBusyLane, configuration.readsPerLane)
    if let best, best.reads < isBusy { return send(operation, on: best) }
    if pendingReads.count >= configuration.pool.maximumWaiters { pendingReads.removeAll { $0.completion == nil } }
    guard pendingReads.count < configuration.pool.maximumWaiters else {
      return operation.finish(.failure(PostgresError(PoolError.queueFull, nil)))
    }
    pendingReads.append(operation)
    wantLane()
    if let best { sendPending(on: best) }
  }

  private func wantLane() {
    guard lanes.count + lanesBeingAcquired < max(1, configuration.readLanes) else { return }
    lanesBeingAcquired += 1
    _ = acquire { [self] result in
      lanesBeingAcquired -= 1
      switch result {
      case .success(let lease):
        let lane = Lane(lease)
        lanes.append(lane)
        lane.connection.whenIdle = { [weak self, weak lane] in
          if let self, let lane, lane.reads == 0 { retire(lane) }
        }
        sendPending(on: lane)
        if lane.reads == 0 { retire(lane) }
      case .failure(let error):
        // Nobody comes for those that wait, unless another lane does.
        guard lanes.isEmpty, lanesBeingAcquired == 0 else { return }
        let waiting = pendingReads
        pendingReads = []
        for operation in waiting { operation.finish(.failure(error)) }
      }
    }
  }

  private func send(_ operation: Operation, on lane: Lane) {
    lane.reads += 1
    operation.whenGone = { [self] in
      lane.reads -= 1
      sendPending(on: lane)
    }
    lane.connection.sendRead(operation)
  }

  private func sendPending(on lane: Lane) {
    while lane.reads < configuration.readsPerLane, lane.connection.handle != nil, !pendingReads.isEmpty {
      let operation = pendingReads.removeFirst()
      // One that was cancelled meanwhile has been answered.
      if operation.completion != nil { send(operation, on: lane) }
    }
  }

  /// Gives the lane's connection back, which may then be broken.
  private func retire(_ lane: Lane) {
    guard let index = lanes.firstIndex(where: { $0 === lane }) else { return }
    lanes.remove(at: index)
    lane.connection.whenIdle = nil
    release(lane.id, lane.connection)
  }

  private func connectionWasLost(_ id: PoolConnectionID) {
    pool.connectionBroke(id)
    guard let lane = lanes.first(where: { $0.id == id }) else { return }
    retire(lane)
    if lanes.isEmpty, !pendingReads.isEmpty { wantLane() }
  }
}

extension PostgresError {
  init(_ error: PoolError, _ cause: (any Error)?) {
    switch error {
    case .acquireTimeout: self.init(.acquireTimeout, error.description)
    case .unavailable: self.init(.unavailable, error.description, cause: cause)
    case .queueFull: self.init(.queueFull, error.description)
    case .shuttingDown: self.init(.shuttingDown, error.description)
    }
  }
}

extension PoolConnectionCondition {
  init(_ condition: PostgresConnection.Condition) {
    switch condition {
    case .clean: self = .clean
    case .broken: self = .broken
    case .inTransaction: self = .inTransaction
    case .undrained: self = .undrained
    }
  }
}
