internal import Locking
internal import RollbackMessages

/// How long the rollbacks took that succeeded on this host since its start.
public final class RolloutStatistics: Sendable {
  /// The newest so many are kept for the median.
  static let kept = 1000

  private let state = Locked(State())

  private struct State {
    var count: UInt64 = 0
    var metTarget: UInt64 = 0
    var newest: [Duration] = []
    var maximum: Duration?
  }

  public init() {}

  /// Takes an outcome in; anything but a rollback that succeeded is passed over.
  func record(_ finished: RolloutFinished, isRollback: Bool) {
    guard isRollback, finished.outcome == .succeeded, let time = finished.deploy?.timeToReady else { return }
    state.withLock { state in
      state.count += 1
      if time <= OperationTiming.target { state.metTarget += 1 }
      state.maximum = max(state.maximum ?? time, time)
      state.newest.append(time)
      if state.newest.count > Self.kept { state.newest.removeFirst() }
    }
  }

  var summary: TimeToReady {
    state.withLock { state in
      TimeToReady(
        count: state.count, metTarget: state.metTarget,
        median: state.newest.isEmpty ? nil : state.newest.sorted()[state.newest.count / 2], maximum: state.maximum)
    }
  }
}
