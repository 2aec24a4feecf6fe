import RolloutCore
import Testing

/// A patch that could not be sent, because no credentials could be had for it.
extension OperationStateMachineTests {
  @Test func aPatchThatWasNotSentIsTriedAgainWithGrowingPauses() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    #expect(operation.feed(.patchUnsent()) == [.tell(.apiServerUnavailable)])
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
    operation.feed(.patchUnsent())
    let end = outcome(operation.feed(.cancelRequested(by: "ops")))
    #expect(end?.sentence == "cancelled by ops; nothing was changed in the cluster" && end?.remains == .untouched)
  }

  @Test func cancelledWhileAPatchWasNotSentItEndsAtOnce() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.cancelRequested(by: "ops"))
    #expect(outcome(operation.feed(.patchUnsent()))?.remains == .untouched)
  }

  @Test func whatWasUncertainBeforeStaysSo() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchUnknown())
    operation.pass(.milliseconds(250))
    operation.feed(Self.needed)
    operation.renewed()
    operation.feed(.patchUnsent())
    #expect(operation.feed(.cancelRequested(by: "ops")).isEmpty)
    operation.pass(.seconds(1))
    #expect(operation.feed(Self.needed) == [.fence(Self.patch)])
  }

  /// RFC 9110, section 10.2.3: also where the client below has given up trying by itself.
  @Test(arguments: [OperationEvent.patchUnsent(retryAfter: .seconds(7)), .patchUnknown(retryAfter: .seconds(7))])
  func aServerThatAsksForPatienceIsNotAskedBefore(answer: OperationEvent) {
    var operation = Operation.created()
    operation.feed(Self.needed)
    #expect(operation.feed(answer).contains(.tell(.apiServerBusy)))
    operation.pass(.seconds(5))
    operation.renewed()
    #expect(operation.pass(.milliseconds(1999)).isEmpty)
    #expect(operation.pass(.milliseconds(1)) == [.readDeployment])
    operation.feed(.readFailed(retryAfter: .seconds(3)))
    #expect(!operation.pass(.milliseconds(2999)).contains(.readDeployment))
    operation.renewed()
    #expect(operation.pass(.milliseconds(1)).contains(.readDeployment))
  }

  @Test func aPatchThatCanNeverBeSentTimesOut() {
    var operation = Operation.created(timeout: .seconds(10))
    operation.feed(Self.needed)
    operation.feed(.patchUnsent())
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
