import FoundationEssentials
import HTTPClient
import KubernetesObjects
import Testing

@testable import KubernetesClient

@Suite struct ReflectorStateMachineTests {
  typealias Machine = ReflectorStateMachine

  /// A machine whose watch from "10" has just been opened, at second 100.
  func watching(from version: String = "10") -> Machine {
    var machine = Machine()
    _ = machine.start(at: .seconds(99))
    _ = machine.listed(resourceVersion: version, at: .seconds(100))
    return machine
  }

  @Test func listsWhatIsAtHandThenWatchesFromThere() {
    var machine = Machine()
    #expect(machine.start(at: .zero) == .list(resourceVersion: "0"))
    #expect(machine.listed(resourceVersion: "10", at: .zero) == .watch(from: "10"))
  }

  @Test func goesOnFromTheLastEventOrBookmark() {
    var machine = watching()
    #expect(machine.received(.object(resourceVersion: "11"), at: .seconds(101), random: 0) == .read)
    #expect(machine.received(.bookmark(resourceVersion: "20"), at: .seconds(160), random: 0) == .read)
    #expect(machine.received(.unknown, at: .seconds(161), random: 0) == .read)
    #expect(machine.watchEnded(at: .seconds(400), random: 0) == .watch(from: "20"))
  }

  @Test func anEventWithoutAVersionDoesNotLoseThePlace() {
    var machine = watching()
    _ = machine.received(.object(resourceVersion: ""), at: .seconds(101), random: 0)
    #expect(machine.watchEnded(at: .seconds(102), random: 0) == .watch(from: "10"))
  }

  @Test func listsAnewAtOnceOnAnExpiredVersion() {
    var machine = watching()
    #expect(
      machine.received(.error(.resourceVersionUnusable), at: .seconds(101), random: 0) == .list(resourceVersion: nil))
    #expect(machine.listed(resourceVersion: "50", at: .seconds(101)) == .watch(from: "50"))
  }

  @Test func listsOnceForEachExpiryAndWaitsWhenListsDoNotHelp() {
    var machine = watching()
    var lists = 0
    var waits: [Duration] = []
    var action = machine.watchFailed(.resourceVersionUnusable, at: .seconds(101), random: 1)
    for round in 0..<8 {
      if case .wait(let delay) = action {
        waits.append(delay)
        action = machine.waited(at: .seconds(102))
      }
      #expect(action == .list(resourceVersion: nil))
      lists += 1
      _ = machine.listed(resourceVersion: "\(round)", at: .seconds(102))
      action = machine.watchFailed(.resourceVersionUnusable, at: .seconds(102), random: 1)
    }
    #expect(lists == 8)
    #expect(waits.count == 7)
    #expect(waits.first == .milliseconds(800))
    #expect(waits.last == .seconds(30))
  }

  @Test func anExpiredListAsksForTheMostRecent() {
    var machine = watching()
    // A watch that ended too soon: the list that follows names the version in hand, which may be in the future.
    _ = machine.watchEnded(at: .milliseconds(100_500), random: 0)
    #expect(machine.waited(at: .seconds(102)) == .list(resourceVersion: "10"))
    #expect(
      machine.listFailed(.resourceVersionUnusable, at: .seconds(105), random: 0) == .list(resourceVersion: nil))
  }

  @Test func aWatchThatEndsAtOnceWithoutAWordIsAFailure() {
    var machine = watching()
    guard case .wait = machine.watchEnded(at: .milliseconds(100_900), random: 0) else {
      Issue.record("did not wait")
      return
    }
    // With a word it is none, and after a second neither.
    machine = watching()
    _ = machine.received(.object(resourceVersion: "11"), at: .milliseconds(100_100), random: 0)
    #expect(machine.watchEnded(at: .milliseconds(100_200), random: 0) == .watch(from: "11"))
    machine = watching()
    #expect(machine.watchEnded(at: .seconds(101), random: 0) == .watch(from: "10"))
  }

  @Test func aWatchThatStaysSilentForMinutesIsCheckedByAList() {
    var machine = watching(from: "99999999")
    #expect(machine.watchEnded(at: .seconds(400), random: 0) == .list(resourceVersion: "99999999"))
    machine = watching(from: "99999999")
    guard case .wait = machine.watchFailed(.unreachable, at: .seconds(250), random: 0) else {
      Issue.record("did not wait")
      return
    }
    #expect(machine.waited(at: .seconds(251)) == .list(resourceVersion: "99999999"))
  }

  @Test(arguments: [Machine.Failure.unreachable, .throttled(retryAfter: nil)])
  func watchesAgainWhenTheServerIsAwayOrBusy(_ failure: Machine.Failure) {
    var machine = watching()
    for attempt in 0..<20 {
      let now = Duration.seconds(101 + attempt)
      guard case .wait = machine.watchFailed(failure, at: now, random: 0.5) else {
        Issue.record("did not wait")
        return
      }
      #expect(machine.waited(at: now) == .watch(from: "10"))
    }
  }

  @Test func otherFailuresLeadToAListAfterThreeInARow() {
    var machine = watching()
    var actions: [Machine.Action] = []
    for _ in 0..<3 {
      _ = machine.watchFailed(.other(retryAfter: nil), at: .seconds(101), random: 0)
      actions.append(machine.waited(at: .seconds(102)))
    }
    #expect(actions == [.watch(from: "10"), .watch(from: "10"), .list(resourceVersion: nil)])
  }

  @Test func obeysRetryAfterWithinReason() {
    var machine = watching()
    #expect(
      machine.watchFailed(.throttled(retryAfter: .seconds(9)), at: .seconds(101), random: 0) == .wait(.seconds(9)))
    machine = watching()
    #expect(
      machine.watchFailed(.throttled(retryAfter: .seconds(9000)), at: .seconds(101), random: 0) == .wait(.seconds(60)))
  }

  @Test func aFailedListIsTriedAgainAsItWas() {
    var machine = Machine()
    _ = machine.start(at: .zero)
    for _ in 0..<3 {
      _ = machine.listFailed(.unreachable, at: .seconds(1), random: 0)
      #expect(machine.waited(at: .seconds(1)) == .list(resourceVersion: "0"))
    }
  }

  @Test func backoffDoublesToHalfAMinuteAndForgetsAfterTwo() {
    var backoff = Backoff()
    let upper = (0..<8).map { _ in backoff.wait(at: .seconds(1), random: 1) }
    #expect(
      upper == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30].map { Duration.milliseconds(Int($0 * 1000)) })
    #expect(backoff.wait(at: .seconds(100), random: 0) == .seconds(3))
    #expect(backoff.wait(at: .seconds(221), random: 1) == .milliseconds(800))
  }

  // MARK: What a real server says

  /// Feeds a recorded watch's events to a machine that watches, and returns its last action.
  func replay(_ body: String, into machine: inout Machine) throws -> Machine.Action {
    var action = Machine.Action.read
    for line in body.split(separator: "\n") {
      #expect(action == .read)
      let event = try JSONDecoder().decode(WatchEvent<Deployment>.self, from: Data(line.utf8))
      let seen: Machine.Event =
        switch event {
        case .added(let object), .modified(let object), .deleted(let object):
          .object(resourceVersion: object.metadata.resourceVersion)
        case .bookmark(let bookmark): .bookmark(resourceVersion: bookmark.resourceVersion)
        case .error(let status): .error(.init(KubernetesError(status, request: "watch")))
        case .unknown: .unknown
        }
      action = machine.received(seen, at: .seconds(101), random: 0)
    }
    return action
  }

  @Test func quietWatchesEndInGoodOrderAndGoOnFromTheirBookmark() throws {
    var machine = watching()
    #expect(try replay(Recorded.lines("q-bookmarks", "deployments").joined(separator: "\n"), into: &machine) == .read)
    #expect(machine.watchEnded(at: .seconds(170), random: 0) == .watch(from: "3673"))
  }

  @Test func everyRecordedExpiryLeadsToOneFreshList() throws {
    let expired = try Recorded.exchanges("g-too-old-resourceversion").filter {
      $0.request.path.contains("watch=1") && $0.responseBody.contains("\"code\":410")
    }
    #expect(expired.count == 3)
    for exchange in expired {
      var machine = watching()
      #expect(try replay(exchange.responseBody, into: &machine) == .list(resourceVersion: nil), "\(exchange.case)")
    }
  }

  @Test func recordedRefusalsOfAWatchMeanWhatTheySay() throws {
    let exchanges = try Recorded.exchanges("g-too-old-resourceversion")
    func failure(_ name: String) throws -> Machine.Failure {
      Machine.Failure(KubernetesErrorTests.error(try #require(exchanges.first { $0.case.hasPrefix(name) })))
    }
    #expect(try failure("list at a resourceVersion of the future") == .resourceVersionUnusable)
    #expect(try failure("after an apiserver restart: list with the old") == .resourceVersionUnusable)
    #expect(try failure("watch with a malformed") == .other(retryAfter: nil))
  }
}
