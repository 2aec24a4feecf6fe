import TTRPCCore
import Testing

@Suite struct ServerStreamStateMachineTests {
  typealias Machine = ServerStreamStateMachine

  struct OpeningCase: Sendable {
    let kind: MethodKind
    let flags: Flags
    let hasPayload: Bool
    let hasMessage: Bool
    let isLast: Bool
  }

  static let openings = [
    // What each kind's own clients send.
    OpeningCase(kind: .unary, flags: [], hasPayload: true, hasMessage: true, isLast: true),
    OpeningCase(kind: .serverStream, flags: .remoteClosed, hasPayload: true, hasMessage: true, isLast: true),
    OpeningCase(kind: .clientStream, flags: .remoteOpen, hasPayload: false, hasMessage: false, isLast: false),
    OpeningCase(
      kind: .bidirectional, flags: [.remoteOpen, .noData], hasPayload: false, hasMessage: false, isLast: false),
    // No bytes are the empty request, where there is exactly one.
    OpeningCase(kind: .unary, flags: [], hasPayload: false, hasMessage: true, isLast: true),
    OpeningCase(kind: .serverStream, flags: .remoteClosed, hasPayload: false, hasMessage: true, isLast: true),
    // A first message with the request.
    OpeningCase(kind: .clientStream, flags: .remoteOpen, hasPayload: true, hasMessage: true, isLast: false),
    OpeningCase(kind: .bidirectional, flags: .remoteClosed, hasPayload: true, hasMessage: true, isLast: true),
    OpeningCase(kind: .bidirectional, flags: .remoteClosed, hasPayload: false, hasMessage: false, isLast: true),
    // Flags of another kind are tolerated.
    OpeningCase(kind: .unary, flags: .remoteClosed, hasPayload: true, hasMessage: true, isLast: true),
    OpeningCase(kind: .unary, flags: .remoteOpen, hasPayload: true, hasMessage: true, isLast: true),
    OpeningCase(kind: .serverStream, flags: [], hasPayload: true, hasMessage: true, isLast: true),
    OpeningCase(kind: .clientStream, flags: [], hasPayload: true, hasMessage: true, isLast: true),
    OpeningCase(
      kind: .clientStream, flags: [.remoteOpen, .noData], hasPayload: true, hasMessage: false, isLast: false),
  ]

  @Test(arguments: openings) func opens(_ opening: OpeningCase) {
    let machine = Machine(kind: opening.kind, flags: opening.flags, hasPayload: opening.hasPayload)
    #expect(machine.opening.hasMessage == opening.hasMessage)
    #expect(machine.opening.isLast == opening.isLast)
  }

  @Test func messagesComeUntilTheEnd() {
    var machine = Machine(kind: .bidirectional, flags: .remoteOpen, hasPayload: false)
    #expect(machine.received([]) == .message)
    #expect(machine.received(.noData) == .nothing)
    #expect(machine.received(.end) == .end)
    #expect(machine.received(.end) == .nothing)
    #expect(machine.succeed() == .endOfData)
  }

  @Test func theLastMessageMayEndTheStream() {
    var machine = Machine(kind: .clientStream, flags: .remoteOpen, hasPayload: false)
    #expect(machine.received(.remoteClosed) == .messageAndEnd)
  }

  @Test(arguments: [MethodKind.clientStream, .bidirectional]) func dataAfterTheEndIsAViolation(_ kind: MethodKind) {
    var machine = Machine(kind: kind, flags: .remoteOpen, hasPayload: false)
    _ = machine.received(.end)
    #expect(machine.received([]).isViolation)
  }

  /// Go's server dies of it.
  @Test(arguments: [Flags(), .remoteClosed, .remoteOpen], [MethodKind.unary, .serverStream])
  func dataForOneMessageMethodsIsAViolation(_ opening: Flags, _ kind: MethodKind) {
    var machine = Machine(kind: kind, flags: opening, hasPayload: true)
    #expect(machine.received([]).isViolation)
  }

  @Test func aBareEndOfAOneMessageCallIsHarmless() {
    var machine = Machine(kind: .unary, flags: .remoteOpen, hasPayload: true)
    #expect(machine.received(.end) == .nothing)
    #expect(machine.succeed() == .response)
  }

  @Test(
    arguments: [
      (.unary, .response), (.clientStream, .response), (.serverStream, .endOfData), (.bidirectional, .endOfData),
    ] as [(MethodKind, ServerStreamStateMachine.Ending)])
  func endsOnce(_ kind: MethodKind, _ ending: ServerStreamStateMachine.Ending) {
    var machine = Machine(kind: kind, flags: [], hasPayload: true)
    #expect(machine.succeed() == ending)
    #expect(machine.succeed() == nil)
    let failed = machine.fail()
    #expect(!failed)
    #expect(machine.received([]) == .nothing)
  }

  @Test func afterAFailureNothingIsSent() {
    var machine = Machine(kind: .serverStream, flags: .remoteClosed, hasPayload: true)
    let failed = machine.fail()
    #expect(failed)
    #expect(machine.received([]) == .nothing)
    #expect(machine.succeed() == nil)
  }
}

extension ServerStreamStateMachine.Input {
  var isViolation: Bool {
    if case .violation(let status) = self { status.code == .invalidArgument } else { false }
  }
}
