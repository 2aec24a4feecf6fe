internal import LinuxIO
internal import Logging
internal import ProtobufC
internal import TTRPCCore

/// One client's connection: does what ``ServerConnectionStateMachine`` decides.
///
/// `@unchecked Sendable`: confined to the loop; calls hold it on behalf of their handlers, which run there too.
final class ServerConnection: FrameConnectionDelegate, @unchecked Sendable {
  let server: TTRPCServer
  let peer: PeerIdentity
  var loop: EventLoop { server.loop }
  var limits: TransportLimits { server.limits }
  /// What every request is told, where the peer may not call at all.
  let refusal: RPCStatus?
  private var refusalTimer: LoopTimer?
  private var frames: FrameConnection?
  private var machine: ServerConnectionStateMachine<ServerCall>
  private var waiters: [RoomWaiter] = []
  /// What was received on all streams and not taken by their handlers.
  let inboxes: QueueBudget

  init(_ server: TTRPCServer, peer: PeerIdentity, refusal: RPCStatus?) {
    self.server = server
    self.peer = peer
    self.refusal = refusal
    inboxes = QueueBudget(maximum: server.limits.maximumQueuedBytesPerConnection, within: server.budget)
    machine = ServerConnectionStateMachine(maximumStreams: server.limits.maximumStreamsPerConnection)
  }

  /// Begins to read. Whoever calls this keeps the connection until ``TTRPCServer/closed(_:_:)``.
  func start(_ transport: any Transport) throws(SystemError) {
    let frames = FrameConnection(
      transport, on: loop, limits: limits, pool: server.pool, budget: server.budget,
      receiving: server.receiving, delegate: self)
    self.frames = frames
    try frames.start()
    guard refusal != nil else { return }
    refusalTimer = loop.schedule(after: limits.refusalTimeout) { [weak self] in self?.frames?.close(.finished) }
  }

  // MARK: Frames from the client

  func received(_ header: FrameHeader, _ data: UnsafeRawBufferPointer) {
    perform(machine.received(header), header, data)
  }

  func receivedOversized(_ header: FrameHeader) {
    let action = machine.receivedOversized(header, maximum: limits.maximumMessageSize)
    perform(action, header, UnsafeRawBufferPointer(start: nil, count: 0))
  }

  private func perform(
    _ action: ServerConnectionStateMachine<ServerCall>.FrameAction, _ header: FrameHeader,
    _ data: UnsafeRawBufferPointer
  ) {
    switch action {
    case .request:
      begin(header, data)
    case .deliver(let call, let hasMessage, let isLast):
      if hasMessage { deliver(data, to: call) }
      if isLast { call.feed?.finish(nil) }
    case .answer(let status):
      send(status, on: header.stream)
    case .fail(let call, let status):
      send(status, on: header.stream)
      call.abandon(.refused)
      callEnded()
    case .ignore:
      break
    }
  }

  private func begin(_ header: FrameHeader, _ data: UnsafeRawBufferPointer) {
    do {
      if let refusal { throw RPCError(refusal) }
      let envelope = try RequestEnvelope(data)
      let service = UnsafeRawBufferPointer(rebasing: data[envelope.service])
      let method = UnsafeRawBufferPointer(rebasing: data[envelope.method])
      guard let entry = server.methods.find(service: service, method: method) else {
        throw RPCError(server.methods.refusal(service: service, method: method))
      }
      // Below zero the caller has given up before it was sent; Go runs such a call, for nobody.
      guard envelope.timeoutNanoseconds >= 0 else {
        throw RPCError(.deadlineExceeded, "the caller's deadline passed")
      }
      try entry.handler.start(
        IncomingRequest(
          header: header, envelope: envelope, payload: UnsafeRawBufferPointer(rebasing: data[envelope.payload]),
          entry: entry, connection: self))
    } catch let error as EnvelopeError {
      send(RPCStatus(.invalidArgument, "the request \(error)"), on: header.stream)
    } catch {
      send(status(of: error, in: nil), on: header.stream)
    }
    if refusal != nil {
      machine.drain()
      callEnded()
    }
  }

  private func deliver(_ data: UnsafeRawBufferPointer, to call: ServerCall) {
    guard let feed = call.feed else { return }
    do {
      guard !feed.isFull else {
        throw RPCError(.resourceExhausted, "the stream sends faster than it is processed")
      }
      do { try feed.receive(data) } catch { throw error as? RPCError ?? .badPayload(error) }
    } catch {
      fail(call, status(of: error, in: nil))
      call.abandon(.refused)
    }
  }

  func peerEndedSending() {
    // It may still read: what is under way is finished, and answered.
    machine.drain()
    callEnded()
  }

  func closed(_ cause: CloseCause) {
    refusalTimer?.cancel()
    for call in machine.close() { call.abandon(server.isStopping ? .serverStopping : .callerLeft) }
    roomAppeared()
    server.closed(self, cause)
  }

  // MARK: Calls

  /// Opens the call of a request; its handler is yet to be started.
  func open(
    _ request: IncomingRequest
  ) -> (ServerCall, RequestContext, ServerStreamStateMachine.Opening) {
    let call = ServerCall(request.header.stream, on: self)
    let opening = machine.open(
      call.id, kind: request.entry.handler.kind, flags: request.header.flags, hasPayload: !request.payload.isEmpty,
      stream: call)
    var deadline: ContinuousClock.Instant?
    if request.envelope.timeoutNanoseconds > 0 {
      let instant = loop.now + .nanoseconds(request.envelope.timeoutNanoseconds)
      call.answer(by: instant)
      deadline = instant
    }
    return (call, context(of: request, presence: call, deadline: deadline), opening)
  }

  func context(
    of request: IncomingRequest, presence: any CallerPresence, deadline: ContinuousClock.Instant?
  ) -> RequestContext {
    RequestContext(
      service: request.entry.service, method: request.entry.method, metadata: request.envelope.metadata, peer: peer,
      deadline: deadline, presence: presence)
  }

  /// Whether a call's answer is still wanted.
  func isOpen(_ id: StreamID) -> Bool { machine.isOpen(id) }

  /// A handler has done its work: `send` ends its call, unless that is over already.
  func succeed(_ call: ServerCall, _ send: () -> Void) {
    guard machine.succeed(call.id) != nil else { return }
    send()
    callEnded()
  }

  /// Ends a call with an error, unless it is over already.
  func fail(_ call: ServerCall, _ status: RPCStatus) {
    guard machine.fail(call.id) else { return }
    send(status, on: call.id)
    callEnded()
  }

  private func callEnded() {
    if machine.isDrained { frames?.closeWhenWritten() }
  }

  /// What the caller is told of an error.
  func status(of error: any Error, in call: ServerCall?) -> RPCStatus {
    switch error {
    case let error as RPCError where error.code != .ok:
      if let cause = error.cause {
        server.logger.debug("a call failed", metadata: ["status": "\(error)", "cause": "\(cause)"])
      }
      return error.status
    case is CancellationError where call?.abandonment == .serverStopping:
      return .givenUp
    case is CancellationError:
      return RPCStatus(.cancelled, "the call was cancelled")
    default:
      server.logger.error("a handler failed", metadata: ["error": "\(error)"])
      return RPCStatus(.unknown, "the handler failed")
    }
  }

  // MARK: Frames to the client

  /// Whether a stream may send without waiting.
  var hasRoom: Bool { frames?.hasRoom ?? false }

  /// Sends the Response that ends a call well. A reply that cannot be sent is replaced by an error.
  func sendReply<Reply>(_ reply: Reply, _ coder: PayloadCoder<Reply>, on id: StreamID) {
    do throws(RPCError) {
      try frames?.sendReply(reply, coder, on: id)
    } catch {
      send(status(of: error, in: nil), on: id)
    }
  }

  /// Sends one message of a stream.
  func sendData<Message>(_ message: Message, _ coder: PayloadCoder<Message>, on id: StreamID) throws(RPCError) {
    guard let frames else { return }
    try frames.sendMessage(message, coder, on: id)
  }

  /// Sends the end of a stream, always as a frame of its own: Rust's client takes anything else for an error.
  func sendEnd(on id: StreamID) {
    frames?.send(FrameEncoder.frame(stream: id, type: .data, flags: .end))
  }

  private func send(_ status: RPCStatus, on id: StreamID) {
    frames?.send(server.statuses.frame(status, for: id, maximumLength: limits.maximumMessageSize))
  }

  // MARK: Room

  func waitForRoom(_ waiter: RoomWaiter) {
    guard let frames, !frames.isClosed, !frames.hasRoom else { return waiter.resume() }
    waiters.append(waiter)
  }

  func roomAppeared() {
    guard !waiters.isEmpty else { return }
    var woken: [RoomWaiter] = []
    swap(&woken, &waiters)
    for waiter in woken { waiter.resume() }
  }

  // MARK: The end

  /// Takes no more calls, and closes when the last one has been answered.
  func drain() {
    machine.drain()
    callEnded()
  }

  /// Gives up every call and closes.
  func stop() {
    for call in machine.allStreams {
      fail(call, .givenUp)
      call.abandon(.serverStopping)
    }
    drain()
    // Whoever does not read its answers now has had its time.
    frames?.closeSoon()
  }
}
