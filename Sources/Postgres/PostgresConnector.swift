internal import CLibpq
internal import LinuxIO

/// Opens one connection without blocking the loop: what can block (service file, passfile, looking up hosts) is done on
/// a helper thread, the rest by PQconnectPoll. Confined to its loop; lives until its completion was called.
final class PostgresConnector {
  private let configuration: PostgresConfiguration
  private let loop: EventLoop
  private let threads: PostgresThreads
  private var completion: ((Result<PostgresConnection, PostgresError>) -> Void)?
  /// PQfinish frees it also when connecting failed; handed over when it succeeded.
  private var handle: OpaquePointer?
  private var watch: Watch?
  private var deadline: LoopTimer?
  /// In its last step: the session's settings.
  private var connection: PostgresConnection?

  init(configuration: PostgresConfiguration, loop: EventLoop, threads: PostgresThreads) {
    self.configuration = configuration
    self.loop = loop
    self.threads = threads
  }

  /// Calls `completion` once, after the connect timeout at the latest.
  func start(_ completion: @escaping (Result<PostgresConnection, PostgresError>) -> Void) {
    self.completion = completion
    limit(to: configuration.connectTimeout)
    let confined = Confined(self)
    let configuration = configuration
    let loop = loop
    let isAccepted = threads.lookups.run {
      let start = PostgresConnectStart(configuration)
      loop.execute { confined.value.started(start) }
    }
    if !isAccepted { finish(.failure(PostgresError(.connectionFailed, "too many connections are being looked up"))) }
  }

  /// Gives up; the completion is called with a failure unless it was called already.
  func cancel() {
    finish(.failure(PostgresError(.shuttingDown, "the connection is not wanted any more")))
  }

  private func limit(to timeout: Duration) {
    deadline?.cancel()
    deadline = loop.schedule(after: timeout) { [self] in
      finish(.failure(PostgresError(.connectionFailed, "no connection within \(timeout)")))
    }
  }

  private func started(_ start: PostgresConnectStart) {
    guard completion != nil else {
      // Too late.
      if let handle = start.handle { PQfinish(handle) }
      return
    }
    handle = start.handle
    if let error = start.error { return finish(.failure(error)) }
    if let timeout = start.timeout { limit(to: timeout) }
    // libpq's manual: behave as if PQconnectPoll had returned PGRES_POLLING_WRITING.
    wait(for: .writable)
  }

  /// The socket may be another one after each poll: it is watched anew, and not while libpq may close it.
  private func wait(for interest: Interest) {
    guard let handle else { return }
    do {
      watch = try loop.watch(PQsocket(handle), for: interest) { [self] _ in poll() }
    } catch {
      finish(.failure(PostgresError(.connectionFailed, "the connection's socket cannot be watched", cause: error)))
    }
  }

  private func poll() {
    guard let handle else { return }
    watch?.cancel()
    watch = nil
    switch PQconnectPoll(handle) {
    case PGRES_POLLING_READING: wait(for: .readable)
    case PGRES_POLLING_WRITING: wait(for: .writable)
    case PGRES_POLLING_OK: opened(handle)
    default: finish(.failure(PostgresError(.connectionFailed, PostgresError.trimmed(PQerrorMessage(handle)))))
    }
  }

  private func opened(_ handle: OpaquePointer) {
    self.handle = nil
    do {
      let connection = try PostgresConnection(
        adopting: handle, loop: loop, cancels: threads.cancels,
        answerTimeout: configuration.statementTimeout + configuration.answerGrace)
      self.connection = connection
      connection.send([
        Operation(
          """
          SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false),
            set_config('idle_in_transaction_session_timeout', $3, false)
          """,
          [
            .text(Self.milliseconds(configuration.statementTimeout)),
            .text(Self.milliseconds(configuration.lockTimeout)),
            .text(Self.milliseconds(configuration.idleInTransactionTimeout)),
          ]
        ) { [self] result in
          switch result {
          case .success: finish(.success(connection))
          case .failure(let error):
            finish(.failure(PostgresError(.connectionFailed, "the session's settings were refused", cause: error)))
          }
        }
      ])
    } catch {
      finish(.failure(error))
    }
  }

  private static func milliseconds(_ duration: Duration) -> String {
    "\(duration / .milliseconds(1))".split(separator: ".").first.map(String.init) ?? "0"
  }

  private func finish(_ result: Result<PostgresConnection, PostgresError>) {
    guard let completion else { return }
    self.completion = nil
    deadline?.cancel()
    deadline = nil
    watch?.cancel()
    watch = nil
    if let handle { PQfinish(handle) }
    handle = nil
    if case .failure = result { connection?.close() }
    connection = nil
    completion(result)
  }
}
