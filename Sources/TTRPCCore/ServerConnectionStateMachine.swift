/// One connection as the server sees it: which frames open calls, which belong to open ones, and which are refused.
///
/// It keeps the caller's `Stream` for each open call, so that there is one table of them. Frames' contents are none
/// of its business. It never asks to close a connection for a bad frame: a bad stream is answered on that stream.
public struct ServerConnectionStateMachine<Stream>: ~Copyable {
  private struct Entry {
    var machine: ServerStreamStateMachine
    let stream: Stream
  }

  private enum State {
    /// Takes calls. → draining, closed
    case serving
    /// Finishes its calls and takes no more. → closed
    case draining
    /// Final.
    case closed
  }

  private let maximumStreams: Int
  private var state = State.serving
  private var ids = StreamIDWindow()
  private var streams: [StreamID: Entry] = [:]

  public init(maximumStreams: Int) { self.maximumStreams = maximumStreams }

  /// How many calls are open.
  public var openStreams: Int { streams.count }

  /// The streams of the open calls.
  public var allStreams: [Stream] { streams.values.map(\.stream) }

  /// What to do about a frame.
  public enum FrameAction {
    /// Read the envelope of this request, then answer it, or ``open(_:kind:flags:hasPayload:stream:)`` it.
    case request
    /// Give the handler what the frame brings.
    case deliver(Stream, message: Bool, end: Bool)
    /// Answer with this error on the frame's id.
    case answer(RPCStatus)
    /// The caller broke the protocol on an open call, which is over: answer with this error, cancel the handler.
    case fail(Stream, RPCStatus)
    /// Nothing. Unknown types are for later versions; data for calls that are over come from harmless races.
    case ignore
  }

  /// A frame's header, and all of its data, has come.
  public mutating func received(_ header: FrameHeader) -> FrameAction {
    guard state != .closed else { return .ignore }
    switch header.type {
    case .request: return receivedRequest(header)
    case .data: return receivedData(header)
    default: return .ignore
    }
  }

  /// The header of a frame that is too long has come; its data is skipped.
  public mutating func receivedOversized(_ header: FrameHeader, maximum: Int) -> FrameAction {
    let status = RPCStatus(
      .resourceExhausted, "message of \(header.length) bytes exceeds the maximum of \(maximum) bytes")
    switch header.type {
    case .request:
      if case .answer(let refusal) = receivedRequest(header) { return .answer(refusal) }
      return .answer(status)
    case .data:
      guard let stream = end(header.stream) else { return receivedData(header) }
      return .fail(stream, status)
    default:
      return .ignore
    }
  }

  private mutating func receivedRequest(_ header: FrameHeader) -> FrameAction {
    guard header.stream.isOdd else { return .answer(RPCStatus(.invalidArgument, "stream id must be odd")) }
    guard ids.use(header.stream) else {
      return .answer(RPCStatus(.invalidArgument, "stream id \(header.stream) was used before"))
    }
    guard state == .serving else { return .answer(.notBegun) }
    guard streams.count < maximumStreams else {
      return .answer(RPCStatus(.resourceExhausted, "more than \(maximumStreams) calls on one connection"))
    }
    return .request
  }

  private mutating func receivedData(_ header: FrameHeader) -> FrameAction {
    let id = header.stream
    guard let index = streams.index(forKey: id) else {
      if id.isOdd, ids.wasUsed(id) { return .ignore }
      return .answer(RPCStatus(.invalidArgument, "stream id \(id) is not open"))
    }
    // In place: a copy of the entry would be retained and written back for every message.
    let input = streams.values[index].machine.received(header.flags)
    let stream = streams.values[index].stream
    switch input {
    case .message: return .deliver(stream, message: true, end: false)
    case .messageAndEnd: return .deliver(stream, message: true, end: true)
    case .end: return .deliver(stream, message: false, end: true)
    case .nothing: return .ignore
    case .violation(let status):
      streams.remove(at: index)
      return .fail(stream, status)
    }
  }

  /// A request that was let through becomes an open call. Calls that are answered at once need not be opened.
  public mutating func open(
    _ id: StreamID, kind: MethodKind, flags: Flags, hasPayload: Bool, stream: Stream
  ) -> ServerStreamStateMachine.Opening {
    precondition(streams[id] == nil, "a stream id is opened once")
    let machine = ServerStreamStateMachine(kind: kind, flags: flags, hasPayload: hasPayload)
    streams[id] = Entry(machine: machine, stream: stream)
    return machine.opening
  }

  /// Whether a call is open: whether its handler may send, and its caller waits.
  public func isOpen(_ id: StreamID) -> Bool { streams[id] != nil }

  /// The handler of a call has succeeded. Returns how to end the call, or nil when it is over already.
  public mutating func succeed(_ id: StreamID) -> ServerStreamStateMachine.Ending? {
    guard var entry = streams.removeValue(forKey: id) else { return nil }
    return entry.machine.succeed()
  }

  /// A call has failed. True when its status is to be sent, false when the call is over already.
  public mutating func fail(_ id: StreamID) -> Bool { end(id) != nil }

  private mutating func end(_ id: StreamID) -> Stream? {
    guard var entry = streams.removeValue(forKey: id), entry.machine.fail() else { return nil }
    return entry.stream
  }

  /// Whether nothing is left to do: it takes no more calls and has none open.
  public var isDrained: Bool { state != .serving && streams.isEmpty }

  /// Takes no more calls, because the server is stopping or because the client has closed its sending half.
  public mutating func drain() {
    if state == .serving { state = .draining }
  }

  /// The connection is gone: nothing can be sent any more. Returns the calls that were open, to be cancelled.
  public mutating func close() -> [Stream] {
    state = .closed
    defer { streams = [:] }
    return allStreams
  }
}
