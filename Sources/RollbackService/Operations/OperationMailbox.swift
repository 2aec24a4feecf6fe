internal import KubernetesObjects

/// What waits to be judged: the cluster's observations, and the answers and wishes that concern one operation.
///
/// Bounded by the number of objects, as ``ObservationQueue`` says. Posting never waits.
public final class OperationMailbox: Sendable {
  /// Everything that came since the last time.
  struct Batch: Sendable {
    var observations: [ClusterObservation] = []
    /// In the order in which they came.
    var answers: [OperationAnswer] = []
  }

  private struct Pending: Sendable {
    var observations = ObservationQueue()
    var answers: [OperationAnswer] = []

    var isEmpty: Bool { observations.isEmpty && answers.isEmpty }
  }

  private let pending = Monitor(Pending())

  public init() {}

  /// Adds observations that came together, each in the place of an older one that it makes worthless.
  public func post(_ observations: [ClusterObservation]) {
    guard !observations.isEmpty else { return }
    pending.change { pending in
      for observation in observations { pending.observations.append(observation) }
    }
  }

  /// Adds an answer, or a wish such as a cancellation.
  func post(_ answer: OperationAnswer) {
    pending.change { $0.answers.append(answer) }
  }

  /// Waits until there is something, or until `deadline`: then the batch is empty. At most one caller at a time.
  func next<C: Clock>(until deadline: C.Instant, clock: C) async -> Batch {
    if let batch = takeIfAny() { return batch }
    await pending.wait(until: deadline, clock: clock) { !$0.isEmpty }
    return takeIfAny() ?? Batch()
  }

  private func takeIfAny() -> Batch? {
    pending.change { pending in
      guard !pending.isEmpty else { return nil }
      defer { pending = Pending() }
      return Batch(observations: pending.observations.take(), answers: pending.answers)
    }
  }
}
