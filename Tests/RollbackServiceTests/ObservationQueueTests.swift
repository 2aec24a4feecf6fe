import KubernetesObjects
import Testing

@testable import RollbackService

@Suite struct ObservationQueueTests {
  private func pod(_ name: String, phase: String = "Running") -> ClusterObservation {
    .pod(
      Pod(
        metadata: ObjectMeta(name: name, uid: name), spec: PodSpec(containers: []), status: PodStatus(phase: phase)))
  }

  private func event(_ number: Int) -> ClusterObservation {
    .event(
      Event(
        metadata: ObjectMeta(name: "e\(number)", uid: "e\(number)"), involvedObject: ObjectReference(), reason: "R",
        message: "\(number)"))
  }

  private func deployment(_ generation: Int) -> ClusterObservation {
    .deployment(FakeCluster.deployment(image: "i", generation: generation))
  }

  private func words(_ observations: [ClusterObservation]) -> [String] {
    observations.map { observation in
      switch observation {
      case .pod(let pod): "\(pod.metadata.name) \(pod.status.phase)"
      case .podDeleted(let uid): "\(uid) gone"
      case .deployment(let deployment): "generation \(deployment.metadata.generation)"
      case .event(let event): event.message
      default: "\(observation)"
      }
    }
  }

  @Test func `of a pod the newest state waits, behind what came before it`() {
    var queue = ObservationQueue()
    for observation in [pod("a", phase: "Pending"), deployment(2), pod("b"), pod("a"), .podDeleted(uid: "b")] {
      queue.append(observation)
    }
    #expect(words(queue.take()) == ["generation 2", "a Running", "b gone"])
    #expect(queue.isEmpty && queue.take().isEmpty)
  }

  @Test func `the Deployment's states keep their order, and its newest stay`() {
    var queue = ObservationQueue()
    for generation in 1...200 {
      queue.append(deployment(generation))
      queue.append(pod("a"))
    }
    let taken = words(queue.take())
    #expect(taken == (137...200).map { "generation \($0)" } + ["a Running"])
  }

  @Test func `events beyond the bound push the oldest out, and one that comes again is the newest`() {
    var queue = ObservationQueue()
    queue.append(.unreachable("x"))
    for number in 0..<600 { queue.append(event(number)) }
    queue.append(event(100))
    let taken = words(queue.take())
    #expect(taken.count == 1 + ObservationQueue.events)
    #expect(taken[1] == "88" && taken.last == "100" && !taken.dropLast().contains("100"))
  }

  /// A list of ten thousand pods that is repeated, which took quadratic time once; and nothing is kept of what is gone.
  @Test(.timeLimit(.minutes(1))) func `many objects, many times, cost what they are`() {
    var queue = ObservationQueue()
    for _ in 0..<5 {
      for number in 0..<10_000 { queue.append(pod("p\(number)")) }
      for number in 0..<10_000 { queue.append(event(number)) }
    }
    #expect(queue.take().count == 10_000 + ObservationQueue.events)
  }
}
