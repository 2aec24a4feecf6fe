internal import CLibpq
internal import LinuxIO

/// One connection to the server, in pipeline mode, driven by a loop.
///
/// It never blocks: sending goes to libpq's buffer and from there to the socket as it takes it; results are taken when
/// the socket has them. Confined to its loop, and not `Sendable`.
final class PostgresConnection {
  /// How many reads of different callers share one sync, at most.
  private static let readsPerSync = 16
  /// Past this many statements a connection stops keeping them prepared.
  private static let maximumStatements = 256

  let loop: EventLoop
  let processID: Int32
  private let cancels: HelperThreads
  private let answerTimeout: Duration

  /// PQfinish frees it, exactly once, in ``close()``; nil afterwards.
  private(set) var handle: OpaquePointer?
  private var watch: Watch?
  private var pipeline = PipelineStateMachine<Operation>()
  private var statements: [String: Statement] = [:]
  private var operations = 0
  private var segments = 0
  private var readsSinceSync = 0
  private var mustSyncAtEndOfTurn = false
  /// What the operations of this segment that were skipped are told.
  private var segmentError: PostgresError?
  private var ping: ((Bool) -> Void)?
  private var stream: RowBuffer?
  private var isPaused = false
  /// A stream or a script is on its way, which may be silent for as long as the server's own timeouts allow.
  private var mayTakeLong = false
  private var lastAnswer: ContinuousClock.Instant
  private var answerTimer: LoopTimer?

  /// Called once when the connection ends by itself; not after ``close()``.
  var whenLost: ((PostgresError) -> Void)?
  /// Called whenever the last result that was due has come.
  var whenIdle: (() -> Void)?
  /// Called for each NOTIFY on a channel that this session listens on.
  var whenNotified: ((PostgresNotification) -> Void)?

  /// Takes over a connection that PQconnectPoll reported as ready.
  init(
    adopting handle: OpaquePointer, loop: EventLoop, cancels: HelperThreads, answerTimeout: Duration
  ) throws(PostgresError) {
    self.handle = handle
    self.loop = loop
    self.cancels = cancels
    self.answerTimeout = answerTimeout
    lastAnswer = loop.now
    processID = PQbackendPID(handle)
    // The default receiver prints on stderr.
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
    // PQsetnonblocking: 0 is success. PQenterPipelineMode: 1 is success, allowed only while idle.
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
      throw PostgresError(.protocolViolation, PostgresError.trimmed(PQerrorMessage(handle)))
    }
    do {
      watch = try loop.watch(PQsocket(handle), for: .readable) { [unowned self] in ready($0) }
    } catch {
      throw PostgresError(.connectionFailed, "the connection's socket cannot be watched", cause: error)
    }
  }

  deinit {
    watch?.cancel()
    if let handle { PQfinish(handle) }
  }

  /// What the server keeps prepared, or is asked to.
  private struct Statement {
    let name: String
    /// The segment whose Parse is on its way; nil once the server has confirmed it. Until then only commands of the same
    /// segment may count on it: where an earlier one fails, the server skips the Parse, and with it them.
    var segment: Int?
  }

  /// What the pool is to know when the connection is given back.
  enum Condition {
    case clean, broken, inTransaction, undrained
  }

  var condition: Condition {
    guard let handle, PQstatus(handle) == CONNECTION_OK else { return .broken }
    guard pipeline.isEmpty else { return .undrained }
    return PQtransactionStatus(handle) == PQTRANS_IDLE ? .clean : .inTransaction
  }

  var isIdle: Bool { pipeline.isEmpty }

  // MARK: Sending

  /// Sends operations as one segment that nobody shares: outside a transaction they take effect together or not at all.
  func send(_ operations: [Operation]) {
    guard handle != nil else { return refuse(operations) }
    if readsSinceSync > 0 { sync() }
    for (index, operation) in operations.enumerated() where !dispatch(operation) {
      let error = sendError()
      lose(error)
      for operation in operations[index...] { operation.lose(error) }
      return
    }
    sync()
    flush()
  }

  /// Sends a read that may share its segment with others of this turn.
  func sendRead(_ operation: Operation) {
    guard handle != nil else { return refuse([operation]) }
    guard dispatch(operation) else {
      let error = sendError()
      lose(error)
      return operation.lose(error)
    }
    readsSinceSync += 1
    if readsSinceSync >= Self.readsPerSync {
      sync()
      flush()
    } else if !mustSyncAtEndOfTurn {
      mustSyncAtEndOfTurn = true
      loop.atEndOfTurn { [self] in
        mustSyncAtEndOfTurn = false
        guard handle != nil, readsSinceSync > 0 else { return }
        sync()
        flush()
      }
    }
  }

  /// Asks the server for nothing but a sign of life; only while idle.
  func sendPing(_ completion: @escaping (Bool) -> Void) {
    guard handle != nil, pipeline.isEmpty else { return completion(false) }
    ping = completion
    sync()
    flush()
  }

  /// Sends statements in the simple protocol; only while idle.
  func sendScript(_ operation: Operation) {
    guard let handle else { return refuse([operation]) }
    // PQexitPipelineMode: 1 is success, allowed only while idle. PQsendQuery is refused in pipeline mode.
    guard pipeline.isEmpty, PQexitPipelineMode(handle) == 1 else {
      operation.finish(.failure(PostgresError(.protocolViolation, "a script needs an idle connection")))
      return
    }
    startAnswerTimer()
    mayTakeLong = true
    pipeline.sentScript(operation)
    guard PQsendQuery(handle, operation.sql) == 1 else { return lose(sendError()) }
    flush()
  }

  private func refuse(_ operations: [Operation]) {
    for operation in operations { operation.lose(PostgresError(.connectionLost, "the connection is closed")) }
  }

  private func sendError() -> PostgresError {
    PostgresError(.connectionLost, PostgresError.trimmed(handle.flatMap { PQerrorMessage($0) }))
  }

  /// Puts one operation into libpq's buffer, with its preparation where that is due. False when libpq refuses.
  private func dispatch(_ operation: Operation) -> Bool {
    guard let handle else { return false }
    operations += 1
    startAnswerTimer()
    if case .stream(let buffer) = operation.kind {
      // PQsetSingleRowMode must follow the sending at once, with nothing before it in the pipeline.
      guard pipeline.isEmpty, sendUnprepared(operation, handle), PQsetSingleRowMode(handle) == 1 else { return false }
      buffer.whenTaken = { [weak self] in self?.resume() }
      stream = buffer
      mayTakeLong = true
    } else if let statement = statements[operation.sql], statement.segment ?? segments == segments {
      guard sendPrepared(operation, statement.name, handle) else { return false }
    } else if statements[operation.sql] != nil || statements.count >= Self.maximumStatements {
      guard sendUnprepared(operation, handle) else { return false }
    } else {
      let name = "s\(operations)"
      let types = operation.parameters.map(\.type)
      guard PQsendPrepare(handle, name, operation.sql, Int32(types.count), types) == 1 else { return false }
      pipeline.sentPrepare(for: operation)
      statements[operation.sql] = Statement(name: name, segment: segments)
      guard sendPrepared(operation, name, handle) else { return false }
    }
    pipeline.sentQuery(operation, isHeld: !operation.isSharing)
    return true
  }

  private func sendPrepared(_ operation: Operation, _ name: String, _ handle: OpaquePointer) -> Bool {
    operation.parameters.withBinary { count, values, lengths, formats in
      PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1) == 1
    }
  }

  private func sendUnprepared(_ operation: Operation, _ handle: OpaquePointer) -> Bool {
    let types = operation.parameters.map(\.type)
    return operation.parameters.withBinary { count, values, lengths, formats in
      PQsendQueryParams(handle, operation.sql, count, types, values, lengths, formats, 1) == 1
    }
  }

  private func sync() {
    guard let handle else { return }
    readsSinceSync = 0
    segments += 1
    startAnswerTimer()
    pipeline.sentSync()
    if PQpipelineSync(handle) != 1 { lose(sendError()) }
  }

  /// libpq's manual: after sending, call PQflush until it returns 0; while it returns 1 wait for the socket to be
  /// readable or writable, and read when it is readable.
  private func flush() {
    guard let handle else { return }
    switch PQflush(handle) {
    case 0: watch?.update(isPaused ? [] : .readable)
    case 1: watch?.update([.readable, .writable])
    default: lose(sendError())
    }
  }

  // MARK: Receiving

  private func ready(_ readiness: Readiness) {
    guard let handle else { return }
    // An ended connection is found by reading too: PQconsumeInput then returns 0 and says why.
    let isIntact = PQconsumeInput(handle) == 1
    lastAnswer = loop.now
    process()
    if !isIntact { return lose(sendError()) }
    if self.handle != nil, readiness.contains(.writable) { flush() }
  }

  /// Takes every result that has come.
  private func process() {
    while let handle, !pipeline.isEmpty, !isPaused, PQisBusy(handle) == 0 {
      take(PQgetResult(handle))
      if let stream, stream.isFull { pause() }
    }
    stream?.flush()
    guard let handle else { return }
    if pipeline.isEmpty {
      // Also lets libpq parse what comes unasked: notices, notifications, the server's farewell.
      _ = PQisBusy(handle)
      if case .some(let status) = self.handle.map({ PQstatus($0) }), status != CONNECTION_OK {
        return lose(sendError())
      }
    }
    // PQnotifies: NULL when there is none; freed by PQfreemem.
    while let handle = self.handle, let notification = PQnotifies(handle) {
      let copy = PostgresNotification(
        channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra),
        processID: notification.pointee.be_pid)
      PQfreemem(notification)
      whenNotified?(copy)
    }
    if self.handle != nil, pipeline.isEmpty { whenIdle?() }
  }

  /// Takes one result of libpq, which becomes ours; nil ends a command.
  private func take(_ pointer: OpaquePointer?) {
    let owned = pointer.map { PostgresResult(adopting: $0) }
    switch pipeline.received(Self.event(of: owned)) {
    case .none: break
    case .deliver(let operation):
      guard let owned else { break }
      if case .stream(let buffer) = operation.kind {
        // The result without rows that ends a stream has the column names only.
        if owned.count > 0 { buffer.append(owned) }
      } else if operation.result == nil || !operation.kind.isScript {
        operation.result = owned
      }
    case .fail(let operation):
      guard let owned else { break }
      let error = PostgresError(result: owned.pointer)
      if operation.error == nil { operation.error = error }
      if segmentError == nil { segmentError = error }
    case .failCommit(let operations):
      guard let owned else { break }
      let error = PostgresError(result: owned.pointer)
      for operation in operations where operation.error == nil { operation.error = error }
    case .prepared(let operation, let isPrepared):
      if isPrepared { statements[operation.sql]?.segment = nil } else { statements[operation.sql] = nil }
    case .finished(let operation, let disposition): finished(operation, disposition)
    case .synced(let operations):
      for (operation, disposition) in operations { finished(operation, disposition) }
      segmentError = nil
      let ping = self.ping
      self.ping = nil
      ping?(true)
    case .violation:
      // On a connection that is gone libpq returns null for ever.
      let isGone = handle.map { PQstatus($0) != CONNECTION_OK } ?? true
      lose(isGone ? sendError() : PostgresError(.protocolViolation, "an unexpected result"))
    }
  }

  private func finished(_ operation: Operation, _ disposition: PipelineStateMachine<Operation>.Disposition) {
    switch operation.kind {
    case .script:
      mayTakeLong = false
      reenterPipeline()
    case .stream:
      mayTakeLong = false
      stream = nil
    case .collect, .commit: break
    }
    if disposition == .notExecuted, operation.error == nil {
      // A neighbour failed. A read is sent again, alone; it has had no effect. Unless nobody waits for it any more.
      if operation.isSharing, !operation.wasRepeated, operation.completion != nil, handle != nil {
        operation.wasRepeated = true
        return send([operation])
      }
      operation.error = segmentError ?? PostgresError(.protocolViolation, "skipped by the server without a reason")
    }
    if let error = operation.error, error.endsSession {
      // The server is about to close, or this session is of no use; what COMMIT did is then not known.
      if error.sqlState == "25006" { discard() }
      return operation.lose(error)
    }
    operation.finish()
  }

  private func reenterPipeline() {
    guard let handle else { return }
    if PQenterPipelineMode(handle) != 1 { lose(sendError()) }
  }

  private static func event(of result: PostgresResult?) -> PipelineStateMachine<Operation>.Event {
    guard let result else { return .end }
    switch PQresultStatus(result.pointer) {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return .value
    case PGRES_SINGLE_TUPLE: return .row
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: return .error
    case PGRES_PIPELINE_ABORTED: return .aborted
    case PGRES_PIPELINE_SYNC: return .sync
    default: return .unexpected
    }
  }

  // MARK: Back-pressure

  private func pause() {
    isPaused = true
    watch?.update([])
  }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    lastAnswer = loop.now
    // libpq may hold rows already: no event of the socket would tell.
    loop.atEndOfTurn { [weak self] in
      guard let self, handle != nil else { return }
      flush()
      process()
    }
  }

  // MARK: The end

  /// Nothing more is wanted of it. What is on its way fails.
  func close() {
    whenLost = nil
    lose(PostgresError(.connectionLost, "the connection was closed"))
  }

  /// The operation's caller has gone: a read's answer is dropped; for anything else the server is asked to stop and the
  /// connection ends, because the request may hit whatever statement comes next.
  ///
  /// COMMIT is not interrupted: it has `grace` to be answered.
  func abandon(_ operation: Operation, grace: Duration) {
    guard operation.completion != nil else { return }
    operation.isCancelled = true
    if operation.isSharing { return operation.finish(.failure(CancellationError())) }
    if case .commit = operation.kind {
      let timer = loop.schedule(after: grace) { [self] in
        if operation.completion != nil { discard() }
      }
      let completion = operation.completion
      operation.completion = { result in
        timer.cancel()
        completion?(result)
      }
      return
    }
    requestCancel()
    discard()
  }

  /// Asks the server to stop what this connection does. PQcancel opens a connection of its own and blocks, therefore on
  /// a helper thread; PQgetCancel's copy outlives the connection and is freed by PQfreeCancel. Where too many wait for a
  /// server it is not asked: the connection is given up anyway, and the server's own timeouts end what it does.
  func requestCancel() {
    guard let handle, let cancel = PQgetCancel(handle) else { return }
    let request = CancelRequest(pointer: cancel)
    if !cancels.run({ request.send() }) { request.free() }
  }

  /// Ends a connection whose state is not known any more; its user and the pool are told.
  func discard() {
    lose(PostgresError(.connectionLost, "the connection was given up"))
  }

  private func lose(_ error: PostgresError) {
    guard let handle else { return }
    self.handle = nil
    // Before PQfinish closes the socket.
    watch?.cancel()
    watch = nil
    stopAnswerTimer()
    PQfinish(handle)
    isPaused = false
    stream = nil
    let whenLost = self.whenLost
    self.whenLost = nil
    whenIdle = nil
    for operation in pipeline.abandon() { operation.lose(error) }
    let ping = self.ping
    self.ping = nil
    ping?(false)
    whenLost?(error)
  }

  // MARK: A server that does not answer

  /// Before anything is sent.
  private func startAnswerTimer() {
    // Nobody waited for an answer until now, so the silence begins now, also where the timer of an earlier wait runs.
    if pipeline.isEmpty { lastAnswer = loop.now }
    guard answerTimer == nil, answerTimeout > .zero else { return }
    armAnswerTimer()
  }

  private func armAnswerTimer() {
    answerTimer = loop.schedule(at: lastAnswer + answerTimeout) { [weak self] in
      guard let self else { return }
      answerTimer = nil
      if pipeline.isEmpty { return }
      if isPaused || mayTakeLong { lastAnswer = loop.now }
      if lastAnswer + answerTimeout <= loop.now {
        lose(PostgresError(.connectionLost, "the server did not answer in time"))
      } else {
        armAnswerTimer()
      }
    }
  }

  private func stopAnswerTimer() {
    // Only when the connection ends. Otherwise it is left to run out: arming one for each query would be dear.
    answerTimer?.cancel()
    answerTimer = nil
  }
}

extension Operation.Kind {
  var isScript: Bool {
    if case .script = self { true } else { false }
  }
}
