import KubernetesObjects

/// One look at one container: the table of section 4 of the design's page on rollouts, row by row.
struct ContainerInspection {
  var pod: String
  var status: ContainerStatus
  /// As the pod's specification has it.
  var container: Container
  var role: Role
  var probes: ProbeReports
  var history: ContainerHistory
  var now: ContinuousClock.Instant
  var settings: DiagnosisSettings
  var opinion: RegistryOpinion

  /// What the container is to its pod; the raw value is how people call it.
  enum Role: String, Sendable {
    case ordinary = "container"
    /// Meant to end before the ordinary ones begin.
    case initial = "init container"
    /// An init container that goes on beside the ordinary ones.
    case sidecar
  }

  private var image: String { container.image }

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
    let code = history.lastExit.map { ", exit code \($0.exitCode)" } ?? ""
    return make(
      isHopeless ? .doomed : .suspect, .startFailing, reason, text,
      "cannot be started\(suffix(Self.cause(ofFailedStart: text))) "
        + "(\(reason), \(count(history.failedStarts.count, "start"))\(code))",
      exitCode: history.lastExit?.exitCode)
  }

  /// What went wrong, without the layers of the runtime that each added their word in front.
  private static func cause(ofFailedStart text: String) -> String {
    var cause = Substring(text)
    for layer in ["unable to start container process: ", "error during container init: "] {
      if let range = cause.firstRange(of: layer) { cause = cause[range.upperBound...] }
    }
    return cause.isEmpty ? text : String(cause)
  }

  // MARK: Ended

  private func terminated(_ termination: Termination) -> PodFinding? {
    if role == .initial && termination.exitCode == 0 { return nil }
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
      let limit = container.resources?.limits["memory"].map { " of \($0)" } ?? ""
      return make(
        level, .outOfMemory, reason, exit.message,
        "is killed because it uses more memory than its limit\(limit) (\(why), exit code \(exit.exitCode))",
        exitCode: exit.exitCode)
    }
    if let kill = probes.kill(of: exit) {
      let words = container.words(for: kill.probe)
      let text = probes.failures[kill.probe] ?? ""
      return make(
        level, .probeKilled, reason, text.isEmpty ? exit.message : text,
        "is killed because its \(words) fails\(suffix(text)) (\(why), exit code \(exit.exitCode))",
        exitCode: exit.exitCode, probe: words)
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
    if status.ready || role == .initial { return nil }
    if status.restartCount > 0, let exit = history.lastExit {
      var finding = crash(.suspect, exit.reason, exit)
      finding.sentence += ", and runs again but is not ready"
      return finding
    }
    // Of several that fail the one that keeps it from being ready; a startup probe keeps the others from being asked.
    for kind in [ProbeReports.Kind.readiness, .startup, .liveness] {
      guard let failure = probes.failures[kind] else { continue }
      let words = container.words(for: kind)
      return make(
        .suspect, .notReady, "Unhealthy", failure, "runs but is not ready: \(words) fails\(suffix(failure))",
        probe: words)
    }
    guard container.readinessProbe != nil else { return nil }
    let words = container.words(for: .readiness)
    return make(.fine, .notReady, "ContainersNotReady", "", "runs but is not ready yet: \(words)", probe: words)
  }

  // MARK: Words

  private func lasted(_ since: ContinuousClock.Instant?, _ limit: Duration) -> Bool {
    since.map { $0.advanced(by: limit) <= now } ?? false
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private func make(
    _ level: PodFinding.Level, _ kind: PodFinding.Kind, _ reason: String, _ detail: String, _ predicate: String,
    exitCode: Int? = nil, probe: String = ""
  ) -> PodFinding {
    PodFinding(
      level: level, kind: kind, pod: pod, container: status.name, reason: reason, exitCode: exitCode,
      restarts: status.restartCount, detail: detail,
      sentence: "\(role.rawValue) \(status.name) in pod \(pod) \(predicate)", probe: probe)
  }
}
