import KubernetesObjects
import RolloutCore
import Testing

/// Safety over random histories.
extension OperationStateMachineTests {
  /// Whatever comes in whatever order: no patch and no outcome without a lease that holds, at most one outcome that
  /// was not answered by an outage, nothing after the end, no timer that spins.
  @Test(arguments: 0..<200)
  func noOrderOfEventsBreaksThePromises(seed: UInt64) {
    var random = SplitMix(state: seed)
    var operation = seed % 2 == 0 ? Operation.created(reverts: seed % 4 == 0) : Operation.resuming()
    var isFirstReading = seed % 2 == 0
    var leaseSentAt: Duration? = seed % 2 == 0 ? .zero : nil
    var hasEnded = false
    var isWriting = false
    for _ in 0..<200 {
      let sentAt = operation.elapsed
      let choice = Int(random.next() % 21)
      let event: OperationEvent =
        switch choice {
        case 0: .leaseClaimed(fence: 9, sentAt: operation.origin.advanced(by: sentAt))
        case 1: .fenced
        case 2: .leaseRenewed(sentAt: operation.origin.advanced(by: sentAt))
        case 3: random.next() % 4 == 0 ? .leaseLost : .timer
        case 4: .databaseUnavailable
        case 5: random.next() % 2 == 0 ? .outcomeUnwritten : .revertUnrecorded
        case 6, 7: Self.needed
        case 8: Self.applied
        case 9: .readFailed()
        case 10: .patched
        case 11: .patchConflict
        case 12: .patchUnknown()
        case 13: Self.ready
        case 14: random.next() % 4 == 0 ? .cancelRequested(by: "x") : .timer
        case 15: .outcomeWritten
        case 16: random.next() % 8 == 0 ? .drain : .timer
        case 17: .recordChanged
        case 18: .revertRecorded
        case 19: Self.failed
        default: .timer
        }
      if case .outcomeUnwritten = event { isWriting = false }
      var actions = operation.feed(event)
      if actions.contains(.tell(.takenOver)) { leaseSentAt = sentAt }
      if case .leaseRenewed = event, leaseSentAt != nil { leaseSentAt = sentAt }
      if choice == 20 { actions += operation.pass(.milliseconds(Int64(random.next() % 4000))) }
      if hasEnded { #expect(actions.isEmpty) }
      for action in actions {
        switch action {
        case .patch:
          // Twelve seconds of fifteen, counted from the sending.
          #expect(leaseSentAt.map { operation.elapsed < $0 + .seconds(12) } == true)
          // Read, then the database's word that the lease is ours, then the patch.
          if case .leaseRenewed = event {} else { #expect(isFirstReading, "unconfirmed after \(event)") }
        case .writeOutcome:
          #expect(leaseSentAt != nil)
          #expect(!isWriting, "two writings at once after \(event)")
          isWriting = true
        case .fence, .recordRevert: #expect(leaseSentAt != nil)
        case .end: hasEnded = true
        default: break
        }
      }
      if [6, 7, 8, 9].contains(choice) { isFirstReading = false }
      #expect(operation.log.filter { if case .end = $0 { true } else { false } }.count <= 1)
      #expect(operation.log.filter { if case .tell(.reverting) = $0 { true } else { false } }.count <= 1)
    }
  }

  private struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }
}
