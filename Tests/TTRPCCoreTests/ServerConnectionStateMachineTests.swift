import TTRPCCore
import Testing

@Suite struct ServerConnectionStateMachineTests {
  /// A connection on which calls of these ids are open, each known by a name.
  private func machine(open ids: [UInt32] = [], kind: MethodKind = .bidirectional, maximum: Int = 8) -> ServerMachine {
    let machine = ServerMachine(maximumStreams: maximum)
    for id in ids {
      _ = machine.received(request(id))
      _ = machine.value.open(StreamID(id), kind: kind, flags: .remoteOpen, hasPayload: false, stream: "call \(id)")
    }
    return machine
  }

  private func request(_ id: UInt32) -> FrameHeader { FrameHeader(length: 0, stream: StreamID(id), type: .request) }

  private func data(_ id: UInt32, _ flags: Flags = []) -> FrameHeader {
    FrameHeader(length: 0, stream: StreamID(id), type: .data, flags: flags)
  }

  @Test func ascendingOddIdsOpenCalls() {
    let machine = machine()
    for id: UInt32 in [1, 3, 5, 99, 2_147_483_647, 4_294_967_295] {
      #expect(machine.received(request(id)) == "request")
    }
  }

  @Test(arguments: [0, 2, 4_294_967_294] as [UInt32]) func evenIdsAreRefused(_ id: UInt32) {
    let machine = machine()
    #expect(machine.received(request(id)) == "answer INVALID_ARGUMENT")
    #expect(machine.received(data(id)) == "answer INVALID_ARGUMENT")
  }

  @Test func usedIdsAreRefusedWhetherOpenOrOver() {
    let machine = machine(open: [1, 3])
    _ = machine.succeed(1)
    #expect(machine.received(request(1)) == "answer INVALID_ARGUMENT")
    #expect(machine.received(request(3)) == "answer INVALID_ARGUMENT")
  }

  /// Rust's client may hand its frames over in another order than it took their ids.
  @Test func idsSomewhatOutOfOrderAreTaken() {
    let machine = machine()
    for id: UInt32 in [5, 1, 3, 7, 2_047, 2_045] { #expect(machine.received(request(id)) == "request", "\(id)") }
    #expect(machine.received(request(9)) == "request")
    #expect(machine.received(request(9)) == "answer INVALID_ARGUMENT")
    #expect(machine.received(request(2_059)) == "request")
    #expect(machine.received(request(11)) == "answer INVALID_ARGUMENT", "too far behind to tell")
    #expect(machine.received(request(13)) == "request")
  }

  @Test func aRingOfIdsForgetsNothingOnItsWay() {
    let machine = machine()
    for id in stride(from: UInt32(1), to: 10_001, by: 2) {
      #expect(machine.received(request(id)) == "request")
      #expect(machine.received(request(id)) == "answer INVALID_ARGUMENT")
      #expect(machine.received(data(id)) == "ignore")
      #expect(machine.received(data(id + 2)) == "answer INVALID_ARGUMENT")
    }
  }

  @Test func dataGoesToItsCall() {
    let machine = machine(open: [1, 3])
    #expect(machine.received(data(3)) == "call 3 message")
    #expect(machine.received(data(1, .remoteClosed)) == "call 1 message end")
    #expect(machine.received(data(3, .end)) == "call 3 end")
  }

  @Test func dataOfUnknownIdsIsAnsweredAndOfFinishedOnesDropped() {
    let machine = machine(open: [1])
    #expect(machine.received(data(7)) == "answer INVALID_ARGUMENT")
    _ = machine.succeed(1)
    #expect(machine.received(data(1)) == "ignore")
  }

  @Test func aViolationEndsTheCallOnce() {
    let machine = machine(open: [1], kind: .unary)
    #expect(machine.received(data(1)) == "call 1 fails INVALID_ARGUMENT")
    #expect(machine.received(data(1)) == "ignore")
    #expect(machine.succeed(1) == nil)
    #expect(!machine.fail(1))
    #expect(machine.openStreams == 0)
  }

  @Test(arguments: [2, 4, 9, 255] as [UInt8], [0, 1, 2] as [UInt32])
  func otherTypesAreIgnored(_ type: UInt8, _ id: UInt32) {
    let machine = machine(open: [1])
    let header = FrameHeader(length: 0, stream: StreamID(id), type: MessageType(rawValue: type))
    #expect(machine.received(header) == "ignore")
  }

  @Test func oneCallTooManyIsRefusedAndTheNextOneIsFine() {
    let machine = machine(open: [1, 3], maximum: 2)
    #expect(machine.received(request(5)) == "answer RESOURCE_EXHAUSTED")
    _ = machine.succeed(1)
    #expect(machine.received(request(7)) == "request")
  }

  @Test func anOversizedRequestIsAnsweredAndItsIdUsed() {
    let machine = machine()
    #expect(machine.receivedOversized(request(1), maximum: 4) == "answer RESOURCE_EXHAUSTED")
    #expect(machine.received(request(1)) == "answer INVALID_ARGUMENT")
    #expect(machine.receivedOversized(request(2), maximum: 4) == "answer INVALID_ARGUMENT")
  }

  @Test func oversizedDataFailsItsCallOnly() {
    let machine = machine(open: [1, 3])
    #expect(machine.receivedOversized(data(1), maximum: 4) == "call 1 fails RESOURCE_EXHAUSTED")
    #expect(machine.receivedOversized(data(1), maximum: 4) == "ignore")
    #expect(machine.receivedOversized(data(7), maximum: 4) == "answer INVALID_ARGUMENT")
    #expect(machine.received(data(3)) == "call 3 message")
  }

  @Test func drainingFinishesCallsAndTakesNoMore() {
    let machine = machine(open: [1])
    machine.value.drain()
    #expect(!machine.isDrained)
    #expect(machine.received(request(3)) == "answer UNAVAILABLE")
    #expect(machine.received(data(1)) == "call 1 message")
    #expect(machine.succeed(1) == .endOfData)
    #expect(machine.isDrained)
  }

  @Test func closingHandsOutTheOpenCallsAndThenNothingHappens() {
    let machine = machine(open: [1, 3])
    #expect(machine.close().sorted() == ["call 1", "call 3"])
    #expect(machine.received(request(5)) == "ignore")
    #expect(machine.succeed(1) == nil)
    #expect(!machine.isOpen(3))
    #expect(machine.isDrained)
  }
}

/// The machine in a class, for `#expect` cannot call what is not copyable; its actions in words.
final class ServerMachine {
  var value: ServerConnectionStateMachine<String>

  init(maximumStreams: Int) { value = ServerConnectionStateMachine(maximumStreams: maximumStreams) }

  func received(_ header: FrameHeader) -> String { value.received(header).name }
  func receivedOversized(_ header: FrameHeader, maximum: Int) -> String {
    value.receivedOversized(header, maximum: maximum).name
  }
  func succeed(_ id: UInt32) -> ServerStreamStateMachine.Ending? { value.succeed(StreamID(id)) }
  func fail(_ id: UInt32) -> Bool { value.fail(StreamID(id)) }
  func isOpen(_ id: UInt32) -> Bool { value.isOpen(StreamID(id)) }
  func close() -> [String] { value.close() }
  var openStreams: Int { value.openStreams }
  var isDrained: Bool { value.isDrained }
}

extension ServerConnectionStateMachine<String>.FrameAction {
  /// The action in words, for tables.
  var name: String {
    switch self {
    case .request: "request"
    case .deliver(let call, let message, let end): call + (message ? " message" : "") + (end ? " end" : "")
    case .answer(let status): "answer \(status.code)"
    case .fail(let call, let status): "\(call) fails \(status.code)"
    case .ignore: "ignore"
    }
  }
}
