internal import ConnectionPool
internal import LinuxIO

/// What the pool acts through: connections to PostgreSQL and the loop's clock. Confined to the loop.
final class PostgresPoolDriver: PoolDriver {
  private let configuration: PostgresConfiguration
  private let loop: EventLoop
  private let threads: PostgresThreads
  private var connectors: [PoolConnectionID: PostgresConnector] = [:]
  var whenLost: ((PoolConnectionID) -> Void)?

  init(configuration: PostgresConfiguration, loop: EventLoop, threads: PostgresThreads) {
    self.configuration = configuration
    self.loop = loop
    self.threads = threads
  }

  func open(_ id: PoolConnectionID, completion: @escaping (Result<PostgresConnection, any Error>) -> Void) {
    let connector = PostgresConnector(configuration: configuration, loop: loop, threads: threads)
    connectors[id] = connector
    connector.start { [self] result in
      connectors[id] = nil
      if case .success(let connection) = result {
        connection.whenLost = { [weak self] _ in self?.whenLost?(id) }
      }
      completion(result.mapError { $0 })
    }
  }

  func abandon(_ id: PoolConnectionID) { connectors[id]?.cancel() }

  func validate(_ connection: PostgresConnection, completion: @escaping (Bool) -> Void) {
    connection.sendPing(completion)
  }

  func close(_ connection: PostgresConnection) { connection.close() }

  var now: ContinuousClock.Instant { loop.now }

  func schedule(at deadline: ContinuousClock.Instant, _ fire: @escaping () -> Void) -> LoopTimer {
    loop.schedule(at: deadline, fire)
  }

  func cancel(_ timer: LoopTimer) { timer.cancel() }

  func random() -> Double { Double.random(in: 0..<1) }
}
