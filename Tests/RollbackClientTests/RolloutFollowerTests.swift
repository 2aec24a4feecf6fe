import Glibc
import LinuxIO
import RollbackMessages
import TTRPCCore
import Testing

@testable import RollbackClient

@Suite("The follower of a rollout")
struct RolloutFollowerTests {
  static let lost = StreamFailure.failed(RPCError(.unavailable, "lost", origin: .connection))

  @Test("asks for its deploy as soon as it knows it, from behind the last frame")
  func calls() {
    let request = RollbackRequest(app: "hello", options: RolloutOptions(requestID: "id"))
    var follower = RolloutFollower(.rollback(request), isRequestIDOurs: false, retry: RetryPolicy())
    #expect(follower.call == .rollback(request))
    follower.called()
    #expect(follower.failed(Self.lost).delay == .milliseconds(100))
    #expect(follower.call == .rollback(request))
    #expect(follower.received(Story.accepted(joined: true)) == Story.accepted(joined: true))
    #expect(follower.call == .watch(WatchDeployRequest(deploy: Story.deployID, fromSeq: 2)))
    #expect(follower.received(Story.progress(9)) == Story.progress(9))
    #expect(follower.call == .watch(WatchDeployRequest(deploy: Story.deployID, fromSeq: 10)))
  }

  @Test("begins to watch where it was told to")
  func watchesFrom() {
    let request = WatchDeployRequest(deploy: Story.deployID.uppercased(), fromSeq: 5)
    var follower = RolloutFollower(.watch(request), isRequestIDOurs: false, retry: RetryPolicy())
    #expect(follower.call == .watch(WatchDeployRequest(deploy: Story.deployID, fromSeq: 5)))
    _ = follower.received(Story.progress(6))
    #expect(follower.call == .watch(WatchDeployRequest(deploy: Story.deployID, fromSeq: 7)))
  }

  @Test("passes each frame on once")
  func repeats() {
    var follower = RolloutFollower(
      .watch(WatchDeployRequest(app: "hello")), isRequestIDOurs: false, retry: RetryPolicy())
    #expect(follower.received(Story.accepted()) != nil)
    #expect(follower.received(Story.progress(4)) != nil)
    for repeated in [Story.accepted(), Story.progress(3), Story.progress(4)] {
      #expect(follower.received(repeated) == nil)
    }
    #expect(follower.received(Story.finished(5)) != nil)
    #expect(follower.isOver)
    #expect(follower.received(Story.progress(6)) == nil)
  }

  @Test("does not mistake another deploy for the one it watched")
  func newestDeploy() {
    let request = WatchDeployRequest(app: "hello", fromSeq: 3)
    var follower = RolloutFollower(.watch(request), isRequestIDOurs: false, retry: RetryPolicy())
    follower.called()
    #expect(follower.failed(Self.lost).delay != nil, "nothing came yet")
    #expect(follower.call == .watch(request))
    _ = follower.received(Story.progress(3))
    #expect(follower.failed(Self.lost).error?.reason == .connectionLost, "which deploy that was is not known")
  }

  @Test(
    "tries again what may pass, and nothing else",
    arguments: [
      // failure, before anything came, after a frame came
      (.failed(RPCError(.unavailable, "", origin: .connection)), true, true),
      (.failed(RPCError(.unavailable, "", origin: .unsent)), true, true),
      (.failed(RPCError(.unavailable, "", origin: .peer)), true, true),
      (.failed(RPCError(.unavailable, "", info: ErrorInfo(reason: "unavailable"), origin: .peer)), false, true),
      (.failed(RPCError(.resourceExhausted, "", origin: .here)), false, true),
      (.failed(RPCError(.resourceExhausted, "", origin: .peer)), false, false),
      (.failed(RPCError(.notFound, "", origin: .peer)), false, false),
      (.failed(RPCError(.cancelled, "", origin: .here)), false, false),
      (.failed(RPCError(.internal, "", origin: .here)), false, false),
      (.endedEarly, true, true),
      (.unreachable(RollbackError(.daemonUnreachable, "", details: ["errno": "ENOENT"])), true, true),
      (.unreachable(RollbackError(.daemonUnreachable, "", details: ["errno": "EACCES"])), false, false),
      (.unreachable(RollbackError(.cancelled, "")), false, false),
    ] as [(StreamFailure, Bool, Bool)])
  func failures(_ failure: StreamFailure, _ before: Bool, _ after: Bool) {
    let request = RollbackRequest(app: "hello")
    var follower = RolloutFollower(.rollback(request), isRequestIDOurs: false, retry: RetryPolicy())
    follower.called()
    #expect((follower.failed(failure).delay != nil) == before)
    _ = follower.received(Story.accepted())
    #expect((follower.failed(failure).delay != nil) == after)
  }

  @Test("does not wait for a daemon that was never there")
  func neverThere() {
    let request = RollbackRequest(app: "hello")
    var follower = RolloutFollower(.rollback(request), isRequestIDOurs: false, retry: RetryPolicy())
    let failure = StreamFailure.unreachable(RollbackError(.daemonUnreachable, "", details: ["errno": "ENOENT"]))
    #expect(follower.failed(failure).error?.reason == .daemonUnreachable)
  }

  @Test("counts failures from the last new frame on")
  func counting() {
    var retry = RetryPolicy()
    retry.maximumAttempts = 2
    var follower = RolloutFollower(.rollback(RollbackRequest()), isRequestIDOurs: true, retry: retry)
    follower.called()
    _ = follower.received(Story.accepted())
    for seq in 2..<6 {
      #expect(follower.failed(Self.lost).delay == .milliseconds(100))
      #expect(follower.failed(Self.lost).delay == .milliseconds(200))
      _ = follower.received(Story.accepted())
      _ = follower.received(Story.progress(UInt64(seq)))
    }
    _ = follower.failed(Self.lost)
    _ = follower.failed(Self.lost)
    #expect(follower.failed(Self.lost).error?.details == ["deploy_id": Story.deployID, "next_seq": "6"])
  }

  @Test(
    "waits twice as long each time, up to the longest pause",
    arguments: [(1, 100), (2, 200), (3, 400), (6, 3200), (7, 5000), (10, 5000)])
  func delays(_ attempt: Int, _ milliseconds: Int) {
    #expect(RetryPolicy().delay(before: attempt) == .milliseconds(milliseconds))
    #expect(RetryPolicy().delay(before: 11) == nil)
  }

  @Test("waits between half of that and all of it", arguments: [(0.0, 50), (0.5, 75), (0.999, 100)])
  func draws(_ random: Double, _ milliseconds: Int64) {
    let pause = RetryPolicy.drawn(.milliseconds(100), random)
    #expect(pause > .milliseconds(milliseconds - 1) && pause <= .milliseconds(milliseconds))
  }
}

extension RolloutFollower.FailureAction {
  fileprivate var delay: Duration? { if case .callAgain(let delay) = self { delay } else { nil } }
  fileprivate var error: RollbackError? { if case .fail(let error) = self { error } else { nil } }
}
