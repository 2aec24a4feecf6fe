import KubernetesObjects
import RolloutCore
import Testing

/// The durable operation: what is done in which state, in which order, and what is never done.
@Suite struct OperationStateMachineTests {
  /// A machine with the clock in hand.
  struct Operation: ~Copyable {
    var machine: OperationStateMachine
    let origin: ContinuousClock.Instant
    var elapsed = Duration.zero
    var wakeAt: Duration?
    /// Everything but timers, in order.
    var log: [OperationAction] = []

    private init(_ make: (ContinuousClock.Instant) -> OperationStateMachine) {
      origin = .now
      machine = make(origin)
      _ = note(machine.begin(at: origin))
    }

    /// Committed by this daemon under token 7 at 0 s.
    static func created(timeout: Duration = .seconds(300), reverts: Bool = false) -> Operation {
      let settings = OperationSettings(timeout: timeout, revertsOnFailure: reverts)
      return Operation { OperationStateMachine(created: 7, sentAt: $0, uid: nil, settings: settings, at: $0) }
    }

    /// Found with its lease run out.
    static func resuming(
      uid: String? = nil, reverting: OperationOutcome? = nil, age: Duration = .zero
    ) -> Operation {
      Operation {
        OperationStateMachine(
          resuming: uid, reverting: reverting, age: age, settings: OperationSettings(revertsOnFailure: true), at: $0)
      }
    }

    private mutating func note(_ actions: [OperationAction]) -> [OperationAction] {
      var others: [OperationAction] = []
      for action in actions {
        if case .wake(let instant) = action { wakeAt = origin.duration(to: instant) } else { others.append(action) }
      }
      log += others
      return others
    }

    @discardableResult
    mutating func feed(_ event: OperationEvent) -> [OperationAction] {
      note(machine.handle(event, at: origin.advanced(by: elapsed)))
    }

    /// The lease was renewed by a statement sent just now.
    @discardableResult
    mutating func renewed() -> [OperationAction] {
      feed(.leaseRenewed(sentAt: origin.advanced(by: elapsed)))
    }

    /// Lets time pass, firing each timer at its time.
    @discardableResult
    mutating func pass(_ duration: Duration) -> [OperationAction] {
      let end = elapsed + duration
      var actions: [OperationAction] = []
      var fired = 0
      while let due = wakeAt, due <= end {
        fired += 1
        precondition(fired < 1000, "the timer spins")
        elapsed = max(elapsed, due)
        wakeAt = nil
        actions += feed(.timer)
      }
      elapsed = end
      return actions
    }
  }

  // MARK: Helpers

  static let patch: ImagePatch = {
    let intent = ImagePatch.Intent(container: "web", image: "a:v3", deployID: "d", requestID: "r", actor: "")
    guard case .apply(let patch) = try? ImagePatch.decide(intent, on: Objects.deployment()) else {
      preconditionFailure("the fixture can be patched")
    }
    return patch
  }()

  static let needed = OperationEvent.deploymentRead(
    DeploymentReading(uid: "dep", finding: .decision(.apply(patch))))
  static let applied = OperationEvent.deploymentRead(
    DeploymentReading(uid: "dep", finding: .decision(.alreadyApplied)))
  static let ready = OperationEvent.verdict(.ready(nil))

  func outcome(_ actions: [OperationAction]) -> OperationOutcome? {
    for case .writeOutcome(let outcome, _) in actions { return outcome }
    return nil
  }

  // MARK: The straight path

  @Test func anOperationReadsPatchesWaitsWritesAndEnds() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.feed(Self.ready)
    operation.feed(.outcomeWritten)
    #expect(operation.log.count == 5)
    #expect(operation.log[..<3] == [.readDeployment, .patch(Self.patch), .startWaiting])
    #expect(outcome(operation.log)?.kind == .succeeded)
    #expect(operation.log.last == .end(.settled))
    #expect(operation.feed(.timer).isEmpty && operation.feed(Self.ready).isEmpty)
  }

  @Test(arguments: [
    (RolloutOutcome.ready(nil), OperationOutcome.Kind.succeeded, DeployRecord.Status.live),
    (.superseded(image: "a:v9"), .superseded, .superseded),
    (.deleted(.gone), .failed, .failed),
    (.failed(RolloutFailure(cause: .doomed, sentence: "x")), .failed, .failed),
    (.timedOut(RolloutFailure(cause: .timedOut, sentence: "x")), .timedOut, .failed),
  ])
  func aVerdictBecomesAnOutcome(
    verdict: RolloutOutcome, kind: OperationOutcome.Kind, status: DeployRecord.Status
  ) {
    let outcome = OperationOutcome(verdict)
    #expect(outcome.kind == kind && outcome.status == status)
  }

  @Test func theKindsAreTheAuditActions() {
    #expect(
      OperationOutcome.Kind.allCases.map(\.rawValue)
        == ["succeeded", "failed", "superseded", "cancelled", "timed_out", "reverted"])
  }

  // MARK: The lease

  @Test func theLeaseIsRenewedAtAThirdOfItsLength() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    #expect(operation.pass(.milliseconds(4999)).isEmpty)
    #expect(operation.pass(.milliseconds(1)) == [.renewLease(fence: 7)])
    operation.renewed()
    #expect(operation.pass(.milliseconds(4999)).isEmpty)
    #expect(operation.pass(.milliseconds(1)) == [.renewLease(fence: 7)])
  }

  /// From four fifths of the lease on nothing is changed in the cluster, although it was already read.
  @Test func nothingIsPatchedOnceTheLeaseLapsed() {
    var operation = Operation.created()
    #expect(operation.pass(.seconds(12)) == [.renewLease(fence: 7), .tell(.leaseLapsed)])
    #expect(operation.feed(Self.needed).isEmpty)
    // Renewed after all: what was read is old, so it is read again before it is patched.
    #expect(operation.renewed() == [.readDeployment])
    #expect(operation.feed(Self.needed) == [.renewLease(fence: 7)])
    #expect(operation.renewed() == [.patch(Self.patch)])
  }

  /// What counts is when the renewal was sent, not when its answer came: the database counted from in between.
  @Test func aSlowRenewalCountsFromWhenItWasSent() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.pass(.seconds(5))
    let sentAt = operation.origin.advanced(by: .seconds(5))
    operation.pass(.seconds(6))
    operation.feed(.leaseRenewed(sentAt: sentAt))
    #expect(operation.pass(.zero) == [.renewLease(fence: 7)], "a third of 15 s after 5 s is 10 s, and it is 11 s")
  }

  @Test func aTimerThatFiresEarlyIsSetAgain() {
    var operation = Operation.created()
    operation.wakeAt = nil
    operation.feed(.timer)
    #expect(operation.wakeAt == .seconds(5))
  }

  @Test func aLostLeaseEndsEverythingAtOnce() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    #expect(operation.feed(.leaseLost) == [.stopWaiting, .end(.lost)])
    #expect(operation.feed(Self.ready).isEmpty, "no outcome is written by a holder of before")
  }

  @Test func drainingGivesTheLeaseAwayAfterTheWaitingHasStopped() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    #expect(operation.feed(.drain) == [.stopWaiting, .releaseLease(fence: 7), .end(.handedOver)])
  }

  @Test func anOutcomeThatIsBeingWrittenIsNotGivenAway() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.feed(Self.ready)
    #expect(operation.feed(.drain).isEmpty)
    #expect(operation.feed(.leaseLost).isEmpty, "the lease goes with the outcome")
    #expect(operation.feed(.outcomeWritten) == [.end(.settled)])
  }

  // MARK: Takeover

  @Test func aTakeoverClaimsReadsAndOnlyWaitsWhenThePatchIsIn() {
    var operation = Operation.resuming()
    #expect(operation.log == [.claimLease])
    #expect(operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin)) == [.tell(.takenOver), .readDeployment])
    #expect(operation.feed(Self.applied) == [.tell(.patchFoundApplied), .startWaiting])
    operation.feed(Self.ready)
    guard case .writeOutcome(_, let fence) = operation.log.last else {
      Issue.record("no outcome")
      return
    }
    #expect(fence == 8)
  }

  /// Its time was over before anybody was there: it is looked at, fenced, and not patched.
  @Test func pastItsTimeNothingIsPatched() {
    var operation = Operation.resuming(uid: "dep", age: .seconds(301))
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    #expect(operation.feed(Self.needed) == [.fence(Self.patch)])
    let end = outcome(operation.feed(.fenced))
    #expect(end?.kind == .timedOut && end?.remains == .untouched)
  }

  @Test func pastItsTimeAPatchThatIsInIsWaitedFor() {
    var operation = Operation.resuming(uid: "dep", age: .seconds(301))
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    #expect(operation.feed(Self.applied) == [.tell(.patchFoundApplied), .startWaiting])
    #expect(outcome(operation.feed(Self.ready))?.kind == .succeeded)
  }

  /// Taken over in time, and not confirmed in time.
  @Test func aPatchThatIsConfirmedTooLateIsNotSent() {
    var operation = Operation.resuming(uid: "dep", age: .seconds(299))
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    operation.feed(Self.needed)
    operation.pass(.seconds(1))
    #expect(operation.renewed().isEmpty)
    #expect(operation.pass(.milliseconds(1)).contains(.readDeployment))
    #expect(operation.feed(Self.needed) == [.fence(Self.patch)])
  }

  @Test func aTakeoverPatchesWhatTheOtherNeverDid() {
    var operation = Operation.resuming(uid: "dep")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    #expect(operation.feed(Self.needed) == [.renewLease(fence: 8)])
    #expect(operation.renewed() == [.patch(Self.patch)])
  }

  @Test func anotherDeploymentOfTheNameIsNeverPatched() {
    var operation = Operation.resuming(uid: "before")
    operation.feed(.leaseClaimed(fence: 8, sentAt: operation.origin))
    #expect(outcome(operation.feed(Self.needed))?.sentence.contains("the new one is not touched") == true)
  }

  // MARK: Patching

  @Test func aConflictReadsAgainAndABoundedNumberOfTimes() {
    var operation = Operation.created()
    for attempt in 1...5 {
      operation.feed(Self.needed)
      operation.renewed()
      #expect(operation.feed(.patchConflict) == [.tell(.patchConflict(attempt: attempt))])
      #expect(operation.pass(.seconds(3)).contains(.readDeployment))
      operation.renewed()
    }
    operation.feed(Self.needed)
    operation.renewed()
    let last = outcome(operation.feed(.patchConflict))
    #expect(last?.kind == .failed)
    #expect(last?.sentence.hasSuffix("nothing was changed in the cluster") == true)
  }

  @Test func afterAConflictARecreatedDeploymentIsNotPatched() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchConflict)
    operation.pass(.milliseconds(10))
    let other = DeploymentReading(uid: "other", finding: .decision(.apply(Self.patch)))
    #expect(outcome(operation.feed(.deploymentRead(other)))?.kind == .failed)
  }

  @Test func aPatchWithoutAnAnswerIsFoundByReading() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    #expect(operation.feed(.patchUnknown()) == [.tell(.patchUnknown), .tell(.apiServerUnavailable)])
    #expect(operation.pass(.milliseconds(250)) == [.readDeployment])
    #expect(operation.feed(Self.applied) == [.tell(.patchFoundApplied), .startWaiting])
  }

  @Test func aPatchThatDidNotArriveIsSentAgain() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patchUnknown())
    operation.pass(.milliseconds(250))
    operation.feed(Self.needed)
    #expect(operation.renewed() == [.patch(Self.patch)])
  }

  @Test func whatTheApiServerRefusesFails() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    let outcome = outcome(operation.feed(.patchRefused("deployments.apps \"web\" is forbidden")))
    #expect(
      outcome?.sentence == "the API server refused the patch: deployments.apps \"web\" is forbidden; "
        + "nothing was changed in the cluster")
  }

  @Test(arguments: [
    (DeploymentReading.Finding.missing, OperationOutcome.Kind.failed),
    (.decision(.overtaken(image: "a:v9")), .superseded),
  ])
  func whatIsReadMayDecide(finding: DeploymentReading.Finding, kind: OperationOutcome.Kind) {
    var operation = Operation.created()
    let actions = operation.feed(.deploymentRead(DeploymentReading(uid: "dep", finding: finding)))
    #expect(outcome(actions)?.kind == kind)
    #expect(actions.count == 1)
  }

  @Test func anApiServerThatIsAwayIsAskedAgainUntilTimeIsUp() {
    var operation = Operation.created(timeout: .seconds(60))
    #expect(operation.feed(.readFailed()) == [.tell(.apiServerUnavailable)])
    var last: OperationOutcome?
    var reads = 0
    for _ in 0..<100 where last == nil {
      for action in operation.pass(.seconds(1)) {
        if action == .readDeployment {
          reads += 1
          operation.feed(.readFailed())
        }
        if case .renewLease = action { operation.renewed() }
        if case .writeOutcome(let outcome, _) = action { last = outcome }
      }
    }
    #expect(last?.kind == .timedOut)
    #expect(
      last?.sentence
        == "the API server could not be reached within 60 s; nothing was changed in the cluster")
    #expect((10...20).contains(reads), "backs off to one attempt in 5 s, \(reads)")
    #expect(operation.elapsed <= .seconds(61))
  }

  /// An answer is worth something only in the state that asked for it.
  @Test func answersThatNobodyAskedForAreIgnored() {
    var operation = Operation.created()
    #expect(operation.feed(.patched).isEmpty && operation.feed(Self.ready).isEmpty)
    #expect(operation.feed(.outcomeWritten).isEmpty && operation.feed(.patchConflict).isEmpty)
    operation.feed(Self.needed)
    operation.feed(.patched)
    #expect(operation.feed(.patched).isEmpty && operation.feed(Self.needed).isEmpty)
    #expect(operation.feed(.readFailed()).isEmpty && operation.feed(.outcomeSettledElsewhere).isEmpty)
  }

  // MARK: PostgreSQL away

  /// The rollout goes on; the outcome is held and written when PostgreSQL is back.
  @Test func theOutcomeIsHeldWhilePostgresIsAway() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.pass(.seconds(5))
    #expect(operation.feed(.databaseUnavailable) == [.tell(.databaseUnavailable)])
    operation.feed(Self.ready)
    operation.feed(.outcomeUnwritten)
    #expect(outcome(operation.pass(.milliseconds(500)))?.kind == .succeeded)
    #expect(operation.feed(.outcomeWritten) == [.tell(.databaseBack), .end(.settled)])
  }

  /// However long the outcome would still have waited: a renewal that is answered says that PostgreSQL is there.
  @Test func theOutcomeIsWrittenAtOnceWhenARenewalIsAnswered() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.feed(Self.ready)
    for _ in 0..<8 {
      operation.feed(.outcomeUnwritten)
      operation.pass(.seconds(5))
    }
    operation.feed(.outcomeUnwritten)
    let actions = operation.renewed()
    #expect(actions.first == .tell(.databaseBack) && outcome(actions)?.kind == .succeeded)
    #expect(!operation.pass(.seconds(20)).contains { if case .writeOutcome = $0 { true } else { false } })
  }

  /// Its COMMIT was not answered, and a notification says that the row has changed: the lease went with the outcome.
  @Test func aLeaseThatIsGoneAfterAnUnansweredOutcomeIsFoundOut() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.feed(Self.ready)
    operation.feed(.outcomeUnwritten)
    operation.feed(.recordChanged)
    #expect(outcome(operation.feed(.leaseLost))?.kind == .succeeded)
    #expect(operation.feed(.outcomeWritten).last == .end(.settled))
  }

  /// The outcome's own transaction is still under way: a second one beside it could give the last frame two numbers.
  @Test func aRenewalThatFailsMeanwhileDoesNotWriteTheOutcomeTwice() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.pass(.seconds(5))
    operation.feed(Self.ready)
    #expect(operation.feed(.databaseUnavailable) == [.tell(.databaseUnavailable)])
    let later = operation.pass(.seconds(30))
    #expect(!later.contains { if case .writeOutcome = $0 { true } else { false } })
    #expect(operation.feed(.outcomeWritten).last == .end(.settled))
  }

  @Test func theOutcomeIsTriedAgainWithoutBeingTold() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.feed(Self.ready)
    operation.feed(.outcomeUnwritten)
    var writes = 0
    for _ in 0..<60 {
      for action in operation.pass(.seconds(1)) {
        switch action {
        case .writeOutcome:
          writes += 1
          operation.feed(.outcomeUnwritten)
        case .renewLease: operation.feed(.databaseUnavailable)
        default: break
        }
      }
    }
    #expect((8...40).contains(writes), "\(writes) attempts in a minute")
    #expect(operation.log.filter { $0 == .tell(.databaseUnavailable) }.count == 1)
  }

  /// Away for longer than the lease while waiting: it goes on watching; the token decides when PostgreSQL is back.
  @Test func aLapsedLeaseGoesOnWatchingAndTheTokenDecides() {
    var operation = Operation.created()
    operation.feed(Self.needed)
    operation.feed(.patched)
    operation.pass(.seconds(5))
    operation.feed(.databaseUnavailable)
    for action in operation.pass(.seconds(30)) {
      if case .renewLease = action { operation.feed(.databaseUnavailable) }
      #expect(action != .stopWaiting)
    }
    #expect(operation.log.contains(.tell(.leaseLapsed)))
    operation.feed(Self.ready)
    #expect(operation.feed(.outcomeSettledElsewhere).last == .end(.settledElsewhere))
  }
}
