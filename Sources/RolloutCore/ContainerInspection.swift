import KubernetesObjects

/// One look at one container: the table of section 4 of the design's page on rollouts, row by row.
struct ContainerInspection {
  var pod: String
  var status: ContainerStatus
  /// As the pod's specification names it.
  var image: String
  var readinessProbe: Probe?
  var probeFailure: String?
  /// An init container that is no sidecar: it is meant to end.
  var runsToCompletion: Bool
  var history: ContainerHistory
  var now: ContinuousClock.Instant
  var settings: DiagnosisSettings
  var opinion: RegistryOpinion

  var finding: PodFinding? {
    switch status.state {
    case .waiting(let reason, let message): waiting(reason, message)
    case .terminated(let termination): terminated(termination)
    case .running: running
    }
  }

  // MARK: Waiting

  private func waiting(_ reason: String, _ message: String) -> PodFinding? {
    switch reason {
    case "InvalidImageName":
      return make(.doomed, .invalidImageName, reason, message, "has an invalid image name, \(image) (\(reason))")
    case "ErrImageNeverPull":
      return make(
        .doomed, .imageNeverPulled, reason, message,
        "needs image \(image), which is not on the node and may not be pulled (\(reason))")
    case "CreateContainerConfigError":
      let isPassing = message.contains("failed to sync") && message.contains("cache")
      let lasts = lasted(history.configurationFailingSince, settings.configurationPersistence)
      return make(
        lasts && !isPassing ? .doomed : .suspect, .badConfiguration, reason, message,
        "cannot be configured\(suffix(message)) (\(reason))")
    case "CrashLoopBackOff":
      return crashLoop(reason, message)
    case _ where ContainerHistory.isFailedStart(reason):
      return failedStart(reason, message)
    default:
      guard let failure = history.pullFailure, PullFailure(reason: reason, message: message) != nil else { return nil }
      return pull(failure, reason)
    }
  }

  private func pull(_ failure: PullFailure, _ reason: String) -> PodFinding {
    let lasts = lasted(history.pullFailingSince, settings.pullPersistence)
    let text = history.pullMessage
    switch (failure, opinion) {
    case (.missing, .absent), (.refused, .absent):
      return make(.doomed, .imageMissing, reason, text, "cannot pull image \(image): not in the registry (\(reason))")
    case (.missing, .blocked(let why)), (.refused, .blocked(let why)):
      return make(
        .doomed, .imageRefused, reason, why,
        "cannot pull image \(image): the registry refuses it\(suffix(why)) (\(reason))")
    case (.missing, .unknown):
      return make(
        lasts ? .doomed : .suspect, .imageMissing, reason, text,
        "cannot pull image \(image): not found (\(reason))")
    case (.refused, .unknown):
      return make(
        lasts ? .doomed : .suspect, .imageRefused, reason, text,
        "cannot pull image \(image): refused\(suffix(text)) (\(reason))")
    case (.passing, _), (_, .present):
      let since = history.pullFailingSince.map { " for " + $0.duration(to: now).inWords } ?? ""
      return make(
        lasts ? .doomed : .suspect, .pullFailing, reason, text,
        "cannot pull image \(image)\(lasts ? since : "")\(suffix(text)) (\(reason))")
    }
  }

  private func crashLoop(_ reason: String, _ message: String) -> PodFinding {
    if history.failedStarts.count >= 2 { return failedStart(reason, message) }
    let isHopeless = status.restartCount >= 2 && history.endsAlike
    return crash(isHopeless ? .doomed : .suspect, reason, history.lastExit)
  }

  private func failedStart(_ reason: String, _ message: String) -> PodFinding {
    let isHopeless =
      history.failedStarts.count >= 2 || lasted(history.startFailingSince, settings.startPersistence)
    let told = history.lastExit?.message ?? ""
    let text = told.isEmpty ? message : told
    return make(
      isHopeless ? .doomed : .suspect, .startFailing, reason, text,
      "cannot be started\(suffix(text)) (\(reason), \(count(history.failedStarts.count, "start")))",
      exitCode: history.lastExit?.exitCode)
  }

  // MARK: Ended

  private func terminated(_ termination: Termination) -> PodFinding? {
    if runsToCompletion && termination.exitCode == 0 { return nil }
    if ContainerHistory.isFailedStart(termination.reason) {
      return failedStart(termination.reason, termination.message)
    }
    return crash(.suspect, termination.reason, termination)
  }

  private func crash(_ level: PodFinding.Level, _ reason: String, _ exit: Termination?) -> PodFinding {
    let restarts = count(status.restartCount, "restart")
    let why = reason.isEmpty ? restarts : "\(reason), \(restarts)"
    guard let exit else {
      return make(level, .crashing, reason, "", "ends again and again (\(why))")
    }
    if exit.reason == "OOMKilled" {
      return make(
        level, .outOfMemory, reason, exit.message,
        "is killed because it uses more memory than its limit (\(why), exit code \(exit.exitCode))",
        exitCode: exit.exitCode)
    }
    return make(
      level, .crashing, reason, exit.message, "exits \(exit.exitCode) \(moment(of: exit)) (\(why))",
      exitCode: exit.exitCode)
  }

  /// `at start`, or after how long.
  private func moment(of exit: Termination) -> String {
    guard let started = exit.startedAt, let finished = exit.finishedAt else { return "at start" }
    let lasted = finished.since(started)
    return lasted < .seconds(10) ? "at start" : "after \(lasted.inWords)"
  }

  // MARK: Running

  private var running: PodFinding? {
    if status.ready || runsToCompletion { return nil }
    if status.restartCount > 0, let exit = history.lastExit {
      var finding = crash(.suspect, exit.reason, exit)
      finding.sentence += ", and runs again but is not ready"
      return finding
    }
    guard let readinessProbe else { return nil }
    let words = readinessProbe.inWords
    guard let probeFailure else {
      return make(.fine, .notReady, "ContainersNotReady", "", "runs but is not ready yet: readiness probe \(words)")
    }
    return make(
      .suspect, .notReady, "Unhealthy", probeFailure,
      "runs but is not ready: readiness probe \(words) fails\(suffix(probeFailure))")
  }

  // MARK: Words

  private func lasted(_ since: ContinuousClock.Instant?, _ limit: Duration) -> Bool {
    since.map { $0.advanced(by: limit) <= now } ?? false
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private func make(
    _ level: PodFinding.Level, _ kind: PodFinding.Kind, _ reason: String, _ detail: String, _ predicate: String,
    exitCode: Int? = nil
  ) -> PodFinding {
    PodFinding(
      level: level, kind: kind, pod: pod, container: status.name, reason: reason, exitCode: exitCode,
      restarts: status.restartCount, detail: detail,
      sentence: "container \(status.name) in pod \(pod) \(predicate)")
  }
}
