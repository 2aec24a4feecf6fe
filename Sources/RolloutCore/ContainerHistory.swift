import KubernetesObjects

/// What was seen of one container over time, as far as one status alone does not tell it: the exit codes of its runs
/// and since when it has been in trouble of which kind.
struct ContainerHistory: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// How the newest runs ended, by the number of the run (the first is 0).
  private var exits: [Int: Termination] = [:]
  /// The numbers of the runs that never got as far as the program.
  private(set) var failedStarts: Set<Int> = []
  /// Since when pulling has failed without a success in between.
  private(set) var pullFailingSince: Instant?
  /// The worst that was said about the pull since then. A back-off alone often omits the cause.
  private(set) var pullFailure: PullFailure?
  /// The most telling text about the pull since then.
  private(set) var pullMessage = ""
  private(set) var configurationFailingSince: Instant?
  private(set) var startFailingSince: Instant?

  /// Takes in the newest status of the container.
  mutating func observe(_ status: ContainerStatus, at now: Instant) {
    observeExits(status)
    guard case .waiting(let reason, let message) = status.state else {
      pullFailingSince = nil
      pullFailure = nil
      pullMessage = ""
      configurationFailingSince = nil
      if case .running = status.state { startFailingSince = nil }
      return
    }
    if let failure = PullFailure(reason: reason, message: message) {
      pullFailingSince = pullFailingSince ?? now
      if failure >= pullFailure ?? .passing {
        pullFailure = failure
        if reason != "ImagePullBackOff" || pullMessage.isEmpty { pullMessage = message }
      }
    } else if !reason.isEmpty {
      pullFailingSince = nil
      pullFailure = nil
      pullMessage = ""
    }
    configurationFailingSince = reason == "CreateContainerConfigError" ? configurationFailingSince ?? now : nil
    if Self.isFailedStart(reason) {
      startFailingSince = startFailingSince ?? now
      failedStarts.insert(status.restartCount)
    } else if reason != "CrashLoopBackOff" {
      startFailingSince = nil
    }
  }

  /// How the newest run that ended did so.
  var lastExit: Termination? { exits.max { $0.key < $1.key }?.value }

  /// Whether the two newest runs that ended did so with the same code; true also when only one is known, because
  /// this process may have begun to watch after the others.
  var endsAlike: Bool {
    let newest = exits.sorted { $0.key > $1.key }.prefix(2)
    return Set(newest.map(\.value.exitCode)).count <= 1
  }

  /// Moves every "since" later, by the time in which nothing could be seen.
  mutating func skip(_ gap: Duration) {
    pullFailingSince = pullFailingSince?.advanced(by: gap)
    configurationFailingSince = configurationFailingSince?.advanced(by: gap)
    startFailingSince = startFailingSince?.advanced(by: gap)
  }

  static func isFailedStart(_ reason: String) -> Bool {
    ["RunContainerError", "CreateContainerError", "StartError", "ContainerCannotRun"].contains(reason)
  }

  /// The kubelet counts a restart when it makes the next container. While one waits, the last state is the run of the
  /// current count; once one runs or has ended, the last state is the run before it.
  private mutating func observeExits(_ status: ContainerStatus) {
    if let current = status.state.termination {
      record(current, run: status.restartCount)
    }
    if let last = status.lastState.termination {
      if case .waiting = status.state {
        record(last, run: status.restartCount)
      } else {
        record(last, run: status.restartCount - 1)
      }
    }
  }

  private mutating func record(_ exit: Termination, run: Int) {
    exits[run] = exit
    if Self.isFailedStart(exit.reason) { failedStarts.insert(run) }
    while exits.count > 3, let oldest = exits.keys.min() { exits[oldest] = nil }
  }
}
