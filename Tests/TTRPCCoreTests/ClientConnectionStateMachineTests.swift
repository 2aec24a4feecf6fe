import TTRPCCore
import Testing

@Suite struct ClientConnectionStateMachineTests {
  private func machine(open kinds: [MethodKind]) -> ClientMachine {
    let machine = ClientMachine()
    for (index, kind) in kinds.enumerated() { _ = machine.open(kind, "call \(2 * index + 1)") }
    return machine
  }

  private func frame(_ id: UInt32, _ type: MessageType, _ flags: Flags = []) -> FrameHeader {
    FrameHeader(length: 0, stream: StreamID(id), type: type, flags: flags)
  }

  @Test func idsAreOddAndAscend() {
    let machine = ClientMachine()
    #expect(machine.open(.unary, "") == .send(StreamID(1), []))
    #expect(machine.open(.serverStream, "") == .send(StreamID(3), .remoteClosed))
    #expect(machine.open(.clientStream, "") == .send(StreamID(5), .remoteOpen))
    #expect(machine.open(.bidirectional, "") == .send(StreamID(7), .remoteOpen))
  }

  @Test func afterTheLastIdThereIsNone() {
    let machine = ClientMachine(firstID: StreamID(.max))
    #expect(machine.open(.unary, "") == .send(StreamID(.max), []))
    #expect(machine.open(.unary, "") == .exhausted)
  }

  struct FrameCase: Sendable {
    let kind: MethodKind
    let type: MessageType
    let flags: Flags
    let action: String
    let isOver: Bool
  }

  static let frames = [
    FrameCase(kind: .unary, type: .response, flags: [], action: "call 1 response", isOver: true),
    FrameCase(kind: .clientStream, type: .response, flags: [], action: "call 1 response", isOver: true),
    FrameCase(kind: .serverStream, type: .response, flags: [], action: "call 1 response", isOver: true),
    FrameCase(kind: .serverStream, type: .data, flags: [], action: "call 1 message", isOver: false),
    FrameCase(kind: .bidirectional, type: .data, flags: .end, action: "call 1 end", isOver: true),
    FrameCase(kind: .serverStream, type: .data, flags: .remoteClosed, action: "call 1 message end", isOver: true),
    FrameCase(kind: .serverStream, type: .data, flags: .noData, action: "ignore", isOver: false),
    FrameCase(kind: .unary, type: .data, flags: [], action: "call 1 fails INTERNAL", isOver: true),
    FrameCase(kind: .clientStream, type: .data, flags: .end, action: "call 1 fails INTERNAL", isOver: true),
    FrameCase(kind: .unary, type: .request, flags: [], action: "ignore", isOver: false),
    FrameCase(kind: .unary, type: MessageType(rawValue: 9), flags: [], action: "ignore", isOver: false),
  ]

  @Test(arguments: frames) func aFrame(_ frame: FrameCase) {
    let machine = machine(open: [frame.kind])
    #expect(machine.received(self.frame(1, frame.type, frame.flags)) == frame.action)
    #expect(machine.openCalls == (frame.isOver ? 0 : 1))
  }

  @Test func lateAnswersAreIgnored() {
    let machine = machine(open: [.unary, .unary])
    machine.forget(1)
    #expect(machine.received(frame(1, .response)) == "ignore")
    #expect(machine.received(frame(5, .response)) == "ignore")
    #expect(machine.received(frame(3, .response)) == "call 3 response")
  }

  @Test func anOversizedAnswerFailsItsCallOnly() {
    let machine = machine(open: [.unary, .serverStream])
    #expect(machine.receivedOversized(frame(3, .data), maximum: 4) == "call 3 fails RESOURCE_EXHAUSTED")
    #expect(machine.receivedOversized(frame(3, .data), maximum: 4) == "ignore")
    #expect(machine.received(frame(1, .response)) == "call 1 response")
  }

  @Test func theEndIsSentOnce() {
    let machine = machine(open: [.bidirectional, .unary])
    #expect(machine.maySend(1))
    #expect(machine.endSending(1))
    #expect(!machine.maySend(1))
    #expect(!machine.endSending(1))
    #expect(!machine.maySend(3))
    #expect(!machine.endSending(3))
  }

  @Test func losingTheConnectionHandsOutTheCallsAndOpensNoMore() {
    let machine = machine(open: [.unary, .bidirectional])
    #expect(machine.close().sorted() == ["call 1", "call 3"])
    #expect(machine.open(.unary, "") == .closed)
    #expect(machine.received(frame(1, .response)) == "ignore")
  }
}

/// The machine in a class, for `#expect` cannot call what is not copyable; its actions in words.
final class ClientMachine {
  private var value: ClientConnectionStateMachine<String>

  init(firstID: StreamID = StreamID(1)) { value = ClientConnectionStateMachine(firstID: firstID) }

  func open(_ kind: MethodKind, _ call: String) -> ClientConnectionStateMachine<String>.OpenAction {
    value.open(kind, call)
  }
  func received(_ header: FrameHeader) -> String { value.received(header).name }
  func receivedOversized(_ header: FrameHeader, maximum: Int) -> String {
    value.receivedOversized(header, maximum: maximum).name
  }
  func maySend(_ id: UInt32) -> Bool { value.maySend(StreamID(id)) }
  func endSending(_ id: UInt32) -> Bool { value.endSending(StreamID(id)) }
  func forget(_ id: UInt32) { value.forget(StreamID(id)) }
  func close() -> [String] { value.close() }
  var openCalls: Int { value.openCalls }
}

extension ClientConnectionStateMachine<String>.FrameAction {
  /// The action in words, for tables.
  var name: String {
    switch self {
    case .message(let call): "\(call) message"
    case .end(let call, let message): call + (message ? " message end" : " end")
    case .response(let call, _): "\(call) response"
    case .fail(let call, let status): "\(call) fails \(status.code)"
    case .ignore: "ignore"
    }
  }
}
