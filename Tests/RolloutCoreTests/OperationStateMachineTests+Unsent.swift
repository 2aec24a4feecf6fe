import RolloutCore
import Testing

/// A patch that could not be sent, because no credentials could be had for it.
extension OperationStateMachineTests {
  @Test func aPatchThatWasNotSentIsTriedAgainWithGrowingPauses() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    #expect(operation.feed(.patchUnsent) == [.tell(.apiServerUnavailable)])
    #expect(operation.pass(.milliseconds(249)).isEmpty)
    #expect(operation.pass(.milliseconds(1)) == [.readDeployment])
    operation.feed(.readFailed())
    #expect(operation.pass(.milliseconds(499)).isEmpty)
    #expect(operation.pass(.milliseconds(1)) == [.readDeployment])
    operation.feed(Self.needed)
    #expect(operation.renewed() == [.patch(Self.patch)])
    #expect(operation.feed(.patched).contains(.startWaiting))
  }

  /// Nothing is on its way that a fence would have to make worthless.
  @Test func aPatchThatWasNotSentLeavesNothingUncertain() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchUnsent)
    let end = outcome(operation.feed(.cancelRequested(by: "ops")))
    #expect(end?.sentence == "cancelled by ops; nothing was changed in the cluster" && end?.remains == .untouched)
  }

  @Test func cancelledWhileAPatchWasNotSentItEndsAtOnce() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.cancelRequested(by: "ops"))
    #expect(outcome(operation.feed(.patchUnsent))?.remains == .untouched)
  }

  @Test func whatWasUncertainBeforeStaysSo() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchUnknown())
    operation.pass(.milliseconds(250))
    operation.feed(Self.needed)
    operation.renewed()
    operation.feed(.patchUnsent)
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
    operation.pass(.seconds(1))
    #expect(operation.feed(Self.needed) == [.fence(Self.patch)])
  }

  // MARK: An API server that asks for patience

  /// RFC 9110, section 10.2.3: also where the client below has given up trying by itself.
  @Test func aServerThatAsksForPatienceIsNotAskedBefore() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    let told = operation.feed(.patchUnknown(retryAfter: .seconds(7)))
    #expect(told == [.tell(.patchUnknown), .tell(.apiServerBusy(.seconds(7)))])
    operation.pass(.seconds(5))
    operation.renewed()
    #expect(operation.pass(.milliseconds(1999)).isEmpty)
    #expect(operation.pass(.milliseconds(1)) == [.readDeployment])
    // Told once, and again when it is something else.
    #expect(operation.feed(.readFailed(retryAfter: .seconds(3))).isEmpty)
    #expect(!operation.pass(.milliseconds(2999)).contains(.readDeployment))
    operation.renewed()
    #expect(operation.pass(.milliseconds(1)).contains(.readDeployment))
    #expect(operation.feed(.readFailed()) == [.tell(.apiServerUnavailable)])
  }

  @Test func patienceHasABound() {
    var operation = Operation.created()
    #expect(operation.feed(.readFailed(retryAfter: .seconds(86_400))) == [.tell(.apiServerBusy(.seconds(60)))])
    var waited = Duration.zero
    while waited < .seconds(70) {
      if operation.pass(.seconds(1)).contains(.readDeployment) { break }
      operation.renewed()
      waited += .seconds(1)
    }
    #expect(waited == .seconds(59))
  }

  /// Whoever cancels does not wait for as long as the server asks.
  @Test(arguments: [true, false])
  func aCancellationEndsALongPatience(isCancelledFirst: Bool) {
    var operation = Operation.created()
    operation.feed(Self.needed)
    if isCancelledFirst { operation.feed(.cancelRequested(by: "ops")) }
    var last = operation.feed(.patchUnknown(retryAfter: .seconds(30)))
    if !isCancelledFirst { last = operation.feed(.cancelRequested(by: "ops")) }
    let end = outcome(last)
    #expect(end?.kind == .cancelled && end?.remains == .unknown)
  }

  @Test func aShortPatienceIsKeptAlsoByWhatIsCancelled() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchUnknown(retryAfter: .seconds(2)))
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
    #expect(operation.pass(.milliseconds(1999)).isEmpty)
    #expect(operation.pass(.milliseconds(1)) == [.readDeployment])
  }

  @Test func aServerThatAsksForPatienceTooLongIsNamed() {
    var operation = Operation.created(timeout: .seconds(10))
    operation.feed(.readFailed(retryAfter: .seconds(30)))
    var end: OperationOutcome?
    for _ in 0..<12 where end == nil {
      end = outcome(operation.pass(.seconds(1)))
      operation.renewed()
    }
    #expect(end?.kind == .timedOut)
    #expect(end?.sentence.hasPrefix("the API server asked to be left alone for longer than") == true)
  }

  @Test func aPatchThatCanNeverBeSentTimesOut() {
    var operation = Operation.created(timeout: .seconds(10))
    operation.feed(Self.needed)
    operation.feed(.patchUnsent)
    var end: OperationOutcome?
    for _ in 0..<20 where end == nil {
      end = outcome(operation.pass(.seconds(1)))
      operation.feed(.readFailed())
      operation.renewed()
    }
    #expect(end?.kind == .timedOut)
    #expect(end?.sentence.hasSuffix("; nothing was changed in the cluster") == true)
  }
}
