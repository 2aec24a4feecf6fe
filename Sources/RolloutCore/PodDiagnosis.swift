public import KubernetesObjects

/// Says of one pod of the new ReplicaSet whether it is doomed, suspect or fine.
///
/// Feed it each state of the pod that is seen (`observe`), then ask for the findings at any instant: some troubles are
/// hopeless only when they last. The rules are section 4 of the design's page on rollouts; what is suspect is shown and
/// never ends a rollout, since sidecars that restart twice and registries that hiccup are part of good rollouts.
/// A pure value: no clock, no I/O.
public struct PodDiagnosis: Sendable {
  public typealias Instant = ContinuousClock.Instant

  public private(set) var pod: Pod
  private var histories: [String: ContainerHistory] = [:]
  /// The newest failure of a probe, by container, as the kubelet's `Unhealthy` event tells it.
  private var probeFailures: [String: String] = [:]

  public init(_ pod: Pod, at now: Instant) {
    self.pod = pod
    observe(pod, at: now)
  }

  /// Takes in a newer state of the pod.
  public mutating func observe(_ pod: Pod, at now: Instant) {
    self.pod = pod
    for status in pod.status.initContainerStatuses + pod.status.containerStatuses {
      histories[status.name, default: ContainerHistory()].observe(status, at: now)
      if status.ready { probeFailures[status.name] = nil }
    }
  }

  /// Takes in an event about this pod; only failed probes matter here.
  public mutating func observe(_ event: Event) {
    guard event.reason == "Unhealthy" else { return }
    let path = event.involvedObject.fieldPath
    guard let open = path.firstIndex(of: "{"), path.hasSuffix("}") else { return }
    let container = String(path[path.index(after: open)...].dropLast())
    guard pod.status.containerStatuses.contains(where: { $0.name == container && !$0.ready }) else { return }
    probeFailures[container] = event.message.oneLine()
  }

  /// Moves every "since" later, by the time in which the API server could not be reached.
  public mutating func skip(_ gap: Duration) {
    for name in histories.keys { histories[name]?.skip(gap) }
  }

  /// Whether the pod says nothing about the image: it is going away, or the node or the scheduler took it away.
  public var isIgnored: Bool { Self.isIgnored(pod) }

  static func isIgnored(_ pod: Pod) -> Bool {
    pod.metadata.isBeingDeleted || ["Evicted", "Preempting", "NodeLost"].contains(pod.status.reason)
  }

  /// What is to be said about the pod at that instant, the worst first; empty when there is nothing to say.
  /// - Parameter opinion: what the registry said about an image, where it was asked.
  public func findings(
    at now: Instant, settings: DiagnosisSettings, opinion: (_ image: String) -> RegistryOpinion = { _ in .unknown }
  ) -> [PodFinding] {
    guard !isIgnored else { return [] }
    var findings: [PodFinding] = []
    if let condition = pod.status.conditions.first(ofType: "PodScheduled"),
      condition.status == "False", condition.reason == "Unschedulable"
    {
      findings.append(
        PodFinding(
          level: .suspect, kind: .unschedulable, pod: pod.metadata.name, reason: condition.reason,
          detail: condition.message,
          sentence: "pod \(pod.metadata.name) cannot be scheduled: \(condition.message.oneLine())"))
    }
    if pod.status.phase == "Failed" {
      let reason = pod.status.reason.isEmpty ? "Failed" : pod.status.reason
      findings.append(
        PodFinding(
          level: .suspect, kind: .podFailed, pod: pod.metadata.name, reason: reason, detail: pod.status.message,
          sentence: "pod \(pod.metadata.name) failed (\(reason))" + suffix(pod.status.message)))
    }
    for inspection in inspections(at: now, settings: settings, opinion: opinion) {
      if let finding = inspection.finding { findings.append(finding) }
    }
    // Stable: of equally bad findings the first container's comes first.
    return PodFinding.Level.allCases.reversed().flatMap { level in findings.filter { $0.level == level } }
  }

  /// When the findings change next with nothing new seen: trouble that lasts until then is hopeless.
  public func nextChange(after now: Instant, settings: DiagnosisSettings) -> Instant? {
    guard !isIgnored else { return nil }
    return histories.values.flatMap { history in
      [
        history.pullFailingSince?.advanced(by: settings.pullPersistence),
        history.configurationFailingSince?.advanced(by: settings.configurationPersistence),
        history.startFailingSince?.advanced(by: settings.startPersistence),
      ].compactMap { $0 }.filter { $0 > now }
    }.min()
  }

  /// The images that a node did not find, and about which the registry should be asked.
  public var imagesReportedMissing: [String] {
    guard !isIgnored else { return [] }
    return (pod.spec.initContainers + pod.spec.containers)
      .filter { (histories[$0.name]?.pullFailure ?? .passing) > .passing }.map(\.image)
  }

  private func inspections(
    at now: Instant, settings: DiagnosisSettings, opinion: (String) -> RegistryOpinion
  ) -> [ContainerInspection] {
    func inspect(_ status: ContainerStatus, _ container: Container?, runsToCompletion: Bool) -> ContainerInspection {
      let image = container?.image ?? status.image
      return ContainerInspection(
        pod: pod.metadata.name, status: status, image: image, readinessProbe: container?.readinessProbe,
        probeFailure: probeFailures[status.name], runsToCompletion: runsToCompletion,
        history: histories[status.name] ?? ContainerHistory(), now: now, settings: settings, opinion: opinion(image))
    }
    let initial = pod.status.initContainerStatuses.map { status in
      let container = pod.spec.initContainers.first { $0.name == status.name }
      return inspect(status, container, runsToCompletion: container?.restartPolicy != "Always")
    }
    let ordinary = pod.status.containerStatuses.map { status in
      inspect(status, pod.spec.container(named: status.name), runsToCompletion: false)
    }
    return initial + ordinary
  }
}

/// `: text`, or nothing where there is no text.
func suffix(_ text: String) -> String {
  text.isEmpty ? "" : ": " + text.oneLine()
}
