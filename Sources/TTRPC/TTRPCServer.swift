internal import Glibc
public import LinuxIO
public import Logging
public import ProtobufC
public import TTRPCCore

/// Answers ttRPC calls on one event loop.
///
///     let server = TTRPCServer(on: loop, methods: [.unary(listDeploys) { request, context in … }])
///     await server.listen(on: try UnixListener.bind(to: address))
///     await server.run()
///
/// `@unchecked Sendable`: every stored property that changes is read and written on `loop` only; public methods hop.
public final class TTRPCServer: @unchecked Sendable {
  /// Decides whether a peer may call at all, before any of its bytes is read. What it throws is told to each request
  /// of the connection, which is then closed.
  public typealias Authorization = @Sendable (PeerIdentity) throws(RPCError) -> Void

  let loop: EventLoop
  let methods: MethodTable
  let limits: TransportLimits
  let logger: Logger
  let pool = BufferPool()
  let budget: QueueBudget
  /// The part of it that unfinished frames may take: peers that never finish theirs leave room for everybody's replies.
  let receiving: QueueBudget
  let statuses: StatusCoder
  private let authorize: Authorization

  private enum State {
    /// → running, stopping
    case idle
    /// → draining, stopping
    case running(UnsafeContinuation<Void, Never>)
    /// Takes no more calls; what is under way may finish. → stopping, stopped
    case draining(UnsafeContinuation<Void, Never>)
    /// Everything has been cancelled; waits for the handlers to return. Nil while ``run()`` has not begun. → stopped
    case stopping(UnsafeContinuation<Void, Never>?)
    /// Final.
    case stopped
  }

  private var state = State.idle
  private var listeners: [Acceptor] = []
  private var connections: [ObjectIdentifier: ServerConnection] = [:]
  private(set) var places: ConnectionPlaces
  private var handlers = 0
  private var grace: LoopTimer?

  /// A server that does nothing yet.
  ///
  /// - Parameters:
  ///   - loop: where everything runs, handlers included; it must outlive ``run()``.
  ///   - methods: each method at most once.
  ///   - codec: for the details of errors.
  ///   - authorize: asked once for each connection; lets everybody in by default.
  public init(
    on loop: EventLoop, methods: [ServerMethod], limits: TransportLimits = TransportLimits(),
    codec: ProtobufCodec = ProtobufCodec(), logger: Logger = Logger(label: "ttrpc.server"),
    authorize: @escaping Authorization = { _ in }
  ) {
    precondition(limits.problem == nil, limits.problem ?? "")
    self.loop = loop
    self.methods = MethodTable(methods)
    self.limits = limits
    places = ConnectionPlaces(limits, unlimitedUsers: [0, geteuid()])
    self.logger = logger
    self.authorize = authorize
    budget = QueueBudget(maximum: limits.maximumQueuedBytes)
    receiving = QueueBudget(maximum: limits.maximumQueuedBytes / 2, within: budget)
    statuses = StatusCoder(codec)
  }

  // MARK: From any thread

  /// Adds a socket whose connections are answered while ``run()`` lasts. One that was inherited is treated alike.
  public func listen(on listener: consuming UnixListener) async {
    let acceptor = Acceptor(listener, for: self)
    await onLoop {
      switch self.state {
      case .idle: self.listeners.append(acceptor)
      case .running:
        self.listeners.append(acceptor)
        acceptor.resume()
      case .draining, .stopping, .stopped: break
      }
    }
  }

  /// Answers a client within this process.
  public func accept(_ transport: MemoryTransport) async {
    await onLoop { self.begin(transport) }
  }

  /// Runs until ``shutDown(within:)`` has finished; returns when the last handler has.
  ///
  /// Cancelling the task that runs it ends every call and connection at once.
  public func run() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        loop.perform { self.start(continuation) }
      }
    } onCancel: {
      loop.execute { self.stop() }
    }
  }

  /// Stops gracefully: takes no further connections, answers further calls UNAVAILABLE, lets those under way finish,
  /// and after `grace` cancels what is left, which is answered UNAVAILABLE with the reason `outcome_unknown`. Returns at
  /// once; ``run()`` returns when it is done.
  public func shutDown(within grace: Duration) {
    loop.perform { self.drain(grace) }
  }

  /// How many connections are open.
  public var connectionCount: Int {
    get async { await onLoop { self.connections.count } }
  }

  private func onLoop<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    if loop.isCurrent { return body() }
    return await withUnsafeContinuation { continuation in
      loop.execute { continuation.resume(returning: body()) }
    }
  }

  // MARK: On the loop

  /// Whether calls that end now end because the server does.
  var isStopping: Bool {
    switch state {
    case .idle, .running, .draining: false
    case .stopping, .stopped: true
    }
  }

  private func start(_ continuation: UnsafeContinuation<Void, Never>) {
    switch state {
    case .idle:
      state = .running(continuation)
      for listener in listeners { listener.resume() }
    // It was cancelled, or shut down, before it ran.
    case .stopping(nil): state = .stopping(continuation)
    case .stopped: continuation.resume()
    case .running, .draining, .stopping: preconditionFailure("a server runs once")
    }
  }

  private func drain(_ grace: Duration) {
    switch state {
    case .idle:
      stop()
    case .running(let continuation):
      state = .draining(continuation)
      closeListeners()
      for connection in Array(connections.values) { connection.drain() }
      self.grace = loop.schedule(after: grace) { self.stop() }
      finishIfDone()
    case .draining, .stopping, .stopped:
      break
    }
  }

  private func stop() {
    switch state {
    case .idle: state = .stopping(nil)
    case .running(let continuation), .draining(let continuation): state = .stopping(continuation)
    case .stopping, .stopped: return
    }
    closeListeners()
    for connection in Array(connections.values) { connection.stop() }
    finishIfDone()
  }

  private func closeListeners() {
    for listener in listeners { listener.close() }
    listeners = []
  }

  private func finishIfDone() {
    guard connections.isEmpty, handlers == 0 else { return }
    let waiter: UnsafeContinuation<Void, Never>?
    switch state {
    case .draining(let continuation): waiter = continuation
    case .stopping(let continuation): waiter = continuation
    case .idle, .running, .stopped: return
    }
    state = .stopped
    grace?.cancel()
    grace = nil
    waiter?.resume()
  }

  /// Begins a connection: finds out who the peer is before it reads a byte.
  func begin(_ transport: any Transport) {
    do throws(SystemError) {
      let peer = try transport.peer()
      let refusal: RPCStatus?
      switch places.take(userID: peer.userID, refusal: self.refusal(of: peer)) {
      case .serve: refusal = nil
      case .refuse(let status): refusal = status
      case .drop: return transport.close()
      }
      let connection = ServerConnection(self, peer: peer, refusal: refusal)
      connections[ObjectIdentifier(connection)] = connection
      do throws(SystemError) {
        try connection.start(transport)
      } catch {
        connections[ObjectIdentifier(connection)] = nil
        places.giveBack(userID: peer.userID, wasRefused: refusal != nil)
        throw error
      }
      if case .running = state { return }
      if case .idle = state { return }
      connection.drain()
    } catch {
      transport.close()
      logger.warning("a connection could not be taken", metadata: ["error": "\(error)"])
    }
  }

  private func refusal(of peer: PeerIdentity) -> RPCStatus? {
    do throws(RPCError) {
      try authorize(peer)
      return nil
    } catch {
      logger.notice("a peer was refused", metadata: ["uid": "\(peer.userID)", "status": "\(error)"])
      return error.status
    }
  }

  func closed(_ connection: ServerConnection, _ cause: CloseCause) {
    connections[ObjectIdentifier(connection)] = nil
    places.giveBack(userID: connection.peer.userID, wasRefused: connection.refusal != nil)
    switch cause {
    case .finished, .peerGone: logger.debug("connection closed", metadata: ["cause": "\(cause)"])
    default: logger.notice("connection closed", metadata: ["cause": "\(cause)", "uid": "\(connection.peer.userID)"])
    }
    for listener in listeners { listener.placeBecameFree() }
    finishIfDone()
  }

  func handlerBegan() { handlers += 1 }

  func handlerEnded() {
    handlers -= 1
    if handlers == 0 { finishIfDone() }
  }
}
