/// One connection as the client sees it: the ids of its calls, and which call a frame belongs to.
public struct ClientConnectionStateMachine<Call>: ~Copyable {
  private struct Entry {
    var machine: ClientStreamStateMachine
    let call: Call
  }

  private var isOpen = true
  /// Nil once all ids have been used.
  private var nextID: StreamID?
  private var calls: [StreamID: Entry] = [:]

  /// - Parameter firstID: 1, but for tests of the last ids.
  public init(firstID: StreamID = StreamID(1)) { nextID = firstID }

  /// How many calls wait for something.
  public var openCalls: Int { calls.count }

  public enum OpenAction: Hashable, Sendable {
    /// Send a Request with this id and these flags.
    case send(StreamID, Flags)
    /// The connection is gone.
    case closed
    /// All 2³¹ ids have been used: another connection is needed.
    case exhausted
  }

  /// A call begins.
  public mutating func open(_ kind: MethodKind, _ call: Call) -> OpenAction {
    guard isOpen else { return .closed }
    guard let id = nextID else { return .exhausted }
    let next = id.rawValue.addingReportingOverflow(2)
    nextID = next.overflow ? nil : StreamID(next.partialValue)
    let machine = ClientStreamStateMachine(kind: kind)
    calls[id] = Entry(machine: machine, call: call)
    return .send(id, machine.openingFlags)
  }

  public enum FrameAction {
    /// Give the call the frame's data as a message.
    case message(Call)
    /// The call ended well, with the frame's data as its last message or without one.
    case end(Call, message: Bool)
    /// Read the frame's data as a ``ResponseEnvelope``, which ends the call.
    case response(Call, MethodKind)
    /// The call has failed: the server broke the protocol or a limit.
    case fail(Call, RPCStatus)
    /// Nothing: an answer to a call that nobody waits for any more, or a type that we do not know.
    case ignore
  }

  /// A frame has come.
  public mutating func received(_ header: FrameHeader) -> FrameAction {
    guard let entry = calls[header.stream] else { return .ignore }
    switch entry.machine.received(header) {
    case .message: return .message(entry.call)
    case .nothing: return .ignore
    case .messageAndEnd: return over(header.stream, .end(entry.call, message: true))
    case .end: return over(header.stream, .end(entry.call, message: false))
    case .response: return over(header.stream, .response(entry.call, entry.machine.kind))
    case .violation(let status): return over(header.stream, .fail(entry.call, status))
    }
  }

  /// The header of a frame that is too long has come; its data is skipped.
  public mutating func receivedOversized(_ header: FrameHeader, maximum: Int) -> FrameAction {
    guard header.type == .response || header.type == .data, let entry = calls[header.stream] else { return .ignore }
    let status = RPCStatus(
      .resourceExhausted, "message of \(header.length) bytes exceeds the maximum of \(maximum) bytes")
    return over(header.stream, .fail(entry.call, status))
  }

  private mutating func over(_ id: StreamID, _ action: FrameAction) -> FrameAction {
    calls[id] = nil
    return action
  }

  /// Whether a call may send a message: false once it is over or has said that it sends no more.
  public func maySend(_ id: StreamID) -> Bool { calls[id]?.machine.maySend ?? false }

  /// A call sends no more. True when that is to be told to the server.
  public mutating func endSending(_ id: StreamID) -> Bool { calls[id]?.machine.endSending() ?? false }

  /// Nobody waits for the call any more; what comes for it is ignored. ttRPC has no frame to tell the server.
  public mutating func forget(_ id: StreamID) { calls[id] = nil }

  /// The connection is gone. Returns the calls that fail with it.
  public mutating func close() -> [Call] {
    isOpen = false
    defer { calls = [:] }
    return calls.values.map(\.call)
  }
}
