internal import LinuxIO
internal import ProtobufC
internal import TTRPCCore

/// A client's connection: does what ``ClientConnectionStateMachine`` decides.
///
/// `@unchecked Sendable`: confined to the loop, to which ``TTRPCClient`` hops.
final class ClientConnection: FrameConnectionDelegate, @unchecked Sendable {
  let loop: EventLoop
  let options: ClientOptions
  private let statuses: StatusCoder
  private var frames: FrameConnection?
  private var machine = ClientConnectionStateMachine<ClientCall>()
  private var waiters: [RoomWaiter] = []
  /// Calls whose inboxes are full, for which reading pauses.
  private var full: Set<ObjectIdentifier> = []
  private var end: CloseCause?
  private var endWaiters: [UnsafeContinuation<Void, Never>] = []

  init(on loop: EventLoop, options: ClientOptions, codec: ProtobufCodec) {
    self.loop = loop
    self.options = options
    statuses = StatusCoder(codec)
  }

  func start(_ transport: any Transport) throws(SystemError) {
    let budget = QueueBudget(maximum: options.limits.maximumQueuedBytes)
    let frames = FrameConnection(
      transport, on: loop, limits: options.limits, pool: BufferPool(), budget: budget, receiving: budget,
      delegate: self)
    self.frames = frames
    try frames.start()
  }

  // MARK: Calls

  /// Sends the request of a call; without a message where the client's messages come later.
  func begin<Request>(
    _ call: ClientCall, _ rpc: (service: String, method: String), _ request: (Request, PayloadCoder<Request>)?,
    _ options: CallOptions
  ) {
    guard !call.isOver else { return }
    guard let frames else { return call.end(RPCError(.unavailable, "not connected", origin: .unsent)) }
    if let timeout = options.timeout, timeout <= .zero {
      return call.end(RPCError(.deadlineExceeded, "the deadline passed before the call began"))
    }
    switch machine.open(call.kind, call) {
    case .closed:
      call.end(RPCError(.unavailable, "the connection is closed", origin: .unsent))
    case .exhausted:
      call.end(RPCError(.unavailable, "the connection has no stream ids left", origin: .unsent))
    case .send(let id, let flags):
      call.id = id
      do throws(RPCError) {
        let head = RequestHead(
          service: rpc.service, method: rpc.method, timeoutNanoseconds: options.timeout.map(Self.nanoseconds) ?? 0,
          metadata: options.metadata)
        if let (message, coder) = request {
          try frames.sendRequest(head, message, coder, on: id, flags: flags)
        } else {
          try frames.sendRequest(head, [], .bytes, on: id, flags: flags)
        }
      } catch {
        return end(call, error)
      }
      watchDeadline(of: call, options.timeout)
      watchInbox(of: call)
    }
  }

  /// At least one: zero would mean no limit.
  private static func nanoseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    guard seconds < Int64.max / 1_000_000_000 else { return .max }
    return max(1, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  private func watchDeadline(of call: ClientCall, _ timeout: Duration?) {
    guard let timeout else { return }
    call.deadline = loop.schedule(after: timeout) { [weak self, weak call] in
      guard let self, let call else { return }
      end(call, RPCError(.deadlineExceeded, "no answer before the deadline"))
    }
  }

  private func watchInbox(of call: ClientCall) {
    guard call.kind.streamsFromServer else { return }
    call.feed.onTake = { [weak self, weak call] in
      guard let self, let call, !call.feed.isFull else { return }
      hasCaughtUp(call)
    }
  }

  /// Ends a call here; what the server still sends for it is ignored.
  func end(_ call: ClientCall, _ error: RPCError) {
    if let id = call.id { machine.forget(id) }
    call.end(error)
    hasCaughtUp(call)
  }

  func maySend(_ id: StreamID) -> Bool { machine.maySend(id) }

  var hasRoom: Bool { frames?.hasRoom ?? false }

  func sendData<Message>(_ message: Message, _ coder: PayloadCoder<Message>, on id: StreamID) throws(RPCError) {
    try frames?.sendMessage(message, coder, on: id)
  }

  func endSending(_ id: StreamID) {
    guard machine.endSending(id) else { return }
    frames?.send(FrameEncoder.frame(stream: id, type: .data, flags: .end))
  }

  // MARK: Frames from the server

  func received(_ header: FrameHeader, _ data: UnsafeRawBufferPointer) {
    perform(machine.received(header), data)
  }

  func receivedOversized(_ header: FrameHeader) {
    perform(
      machine.receivedOversized(header, maximum: options.limits.maximumMessageSize),
      UnsafeRawBufferPointer(start: nil, count: 0))
  }

  private func perform(
    _ action: ClientConnectionStateMachine<ClientCall>.FrameAction, _ data: UnsafeRawBufferPointer
  ) {
    switch action {
    case .message(let call):
      if deliver(data, to: call), call.feed.isFull { hasFallenBehind(call) }
    case .end(let call, let hasMessage):
      if !hasMessage || deliver(data, to: call) { call.end(nil) }
    case .response(let call, let kind):
      respond(data, to: call, kind)
    case .fail(let call, let status):
      end(call, RPCError(status))
    case .ignore:
      break
    }
  }

  /// Gives a call a message; false, and the call is over, where it cannot be read.
  private func deliver(_ data: UnsafeRawBufferPointer, to call: ClientCall) -> Bool {
    do {
      try call.feed.receive(data)
      return true
    } catch {
      end(call, RPCError(.internal, "the server's message is malformed: \(error)", cause: error))
      return false
    }
  }

  private func respond(_ data: UnsafeRawBufferPointer, to call: ClientCall, _ kind: MethodKind) {
    do {
      let envelope = try ResponseEnvelope(data)
      if let range = envelope.status {
        let status = try statuses.decode(UnsafeRawBufferPointer(rebasing: data[range]))
        // Absent and OK mean the same (Go sends none, others may).
        guard status.code == .ok else { return end(call, RPCError(status, origin: .peer)) }
      }
      let payload = UnsafeRawBufferPointer(rebasing: data[envelope.payload])
      // A stream is ended by an empty Data frame; a peer that uses a Response for it means no further message.
      if kind.streamsFromServer && payload.isEmpty || deliver(payload, to: call) { call.end(nil) }
    } catch {
      end(call, RPCError(.internal, "the server's response is malformed: \(error)", cause: error))
    }
  }

  // MARK: Readers that fall behind

  private func hasFallenBehind(_ call: ClientCall) {
    guard full.insert(ObjectIdentifier(call)).inserted else { return }
    frames?.pauseReading(.inbox)
    guard let timeout = options.inboxStallTimeout else { return }
    call.stall = loop.schedule(after: timeout) { [weak self, weak call] in
      guard let self, let call else { return }
      end(call, RPCError(.resourceExhausted, "the stream was not read in time"))
    }
  }

  private func hasCaughtUp(_ call: ClientCall) {
    guard full.remove(ObjectIdentifier(call)) != nil else { return }
    call.stall?.cancel()
    call.stall = nil
    if full.isEmpty { frames?.resumeReading(.inbox) }
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

  func peerEndedSending() {
    // No answer can come any more.
    frames?.close(.peerGone)
  }

  func close() { frames?.close(.finished) }

  func closed(_ cause: CloseCause) {
    end = cause
    for call in machine.close() {
      call.end(RPCError(.unavailable, "the connection was lost: \(cause)", origin: .connection))
    }
    roomAppeared()
    for waiter in endWaiters { waiter.resume() }
    endWaiters = []
  }

  func waitUntilClosed(_ continuation: UnsafeContinuation<Void, Never>) {
    if end != nil { continuation.resume() } else { endWaiters.append(continuation) }
  }
}
