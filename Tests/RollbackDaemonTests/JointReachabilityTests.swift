import KubernetesClient
import KubernetesObjects
import LinuxIO
import Testing

@testable import RollbackDaemon
@testable import RollbackService

/// Four watches of one rollout make one "unreachable" and one "reachable".
@Suite struct JointReachabilityTests {
  private let reach = JointReachability()
  private let mailbox = OperationMailbox()

  private static let away = Reachability.unreachable(
    since: Timestamp(seconds: 1), error: KubernetesError(code: .unreachable, message: "connection refused"))

  /// What one watch brings, and the words of what was posted for it.
  private func relay(_ update: ObjectUpdate<Pod>, of kind: JointReachability.Kind) async -> [String] {
    let (updates, sink) = AsyncStream.makeStream(of: ObjectUpdate<Pod>.self)
    sink.yield(update)
    sink.finish()
    await reach.relay(updates, of: kind, into: mailbox) {
      .pod($0)
    } deleted: {
      .podDeleted(uid: $0.metadata.uid)
    }
    let batch = await mailbox.next(until: ContinuousClock.now, clock: ContinuousClock())
    return batch.observations.map { observation in
      switch observation {
      case .pod(let pod): "pod \(pod.metadata.uid)"
      case .podDeleted(let uid): "gone \(uid)"
      case .unreachable(let why): "away: \(why)"
      case .reachable: "back"
      default: "something else"
      }
    }
  }

  private func pod(_ uid: String) -> Pod {
    Pod(metadata: ObjectMeta(name: uid, uid: uid), spec: PodSpec(containers: []))
  }

  @Test func `the first that is away is told, and the last that is back`() async {
    #expect(await relay(ObjectUpdate(reachability: Self.away), of: .pods) == ["away: connection refused"])
    #expect(await relay(ObjectUpdate(reachability: Self.away), of: .events).isEmpty)
    #expect(await relay(ObjectUpdate(reachability: Self.away), of: .pods).isEmpty)
    #expect(await relay(ObjectUpdate(), of: .pods).isEmpty)
    #expect(await relay(ObjectUpdate(), of: .deployments).isEmpty)
    #expect(await relay(ObjectUpdate(), of: .events) == ["back"])
    #expect(await relay(ObjectUpdate(reachability: Self.away), of: .events) == ["away: connection refused"])
  }

  @Test func `what was missed is told before it is back, and what is gone before what is new`() async {
    _ = await relay(ObjectUpdate(reachability: Self.away), of: .pods)
    let told = await relay(ObjectUpdate(changed: [pod("new")], deleted: [pod("old")]), of: .pods)
    #expect(told == ["gone old", "pod new", "back"])
  }
}
