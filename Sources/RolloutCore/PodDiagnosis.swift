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
  /// What the kubelet's events said about probes, by container.
  private var probes: [String: ProbeReports] = [:]
  /// The newest event that says why no container can be begun.
  private var setUpFailure: (reason: String, message: String)?
  /// Whether the node was reported not to answer since the pod was last ready.
  private var isNodeSilent = false

  public init(_ pod: Pod, at now: Instant) {
    self.pod = pod
    observe(pod, at: now)
  }

  /// Takes in a newer state of the pod.
  public mutating func observe(_ pod: Pod, at now: Instant) {
    self.pod = pod
    for status in pod.status.initContainerStatuses + pod.status.containerStatuses {
      histories[status.name, default: ContainerHistory()].observe(status, at: now)
      if status.ready { probes[status.name]?.becomeReady() }
    }
    if pod.isReady { isNodeSilent = false }
    if !isBeingSetUp { setUpFailure = nil }
  }

  /// Takes in an event about this pod: of probes, of what keeps containers from being begun, and of its node.
  public mutating func observe(_ event: Event) {
    switch event.reason {
    case "Unhealthy", "Killing":
      let path = event.involvedObject.fieldPath
      guard let open = path.firstIndex(of: "{"), path.hasSuffix("}") else { return }
      let container = String(path[path.index(after: open)...].dropLast())
      let isReady = (pod.status.initContainerStatuses + pod.status.containerStatuses)
        .contains { $0.name == container && $0.ready }
      // An event that is told late, of a container that is well again.
      if event.reason == "Unhealthy", isReady { return }
      probes[container, default: ProbeReports()].observe(event)
    case _ where Self.setUpFailures.contains(event.reason):
      if isBeingSetUp { setUpFailure = (event.reason, event.message.oneLine()) }
    case "NodeNotReady":
      if !pod.isReady { isNodeSilent = true }
    default: break
    }
  }

  /// Reasons of the kubelet's and the volume controller's events before the first container is begun.
  private static let setUpFailures: Set<String> = [
    "FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady",
  ]

  /// Whether no container was ever begun on the pod's node.
  private var isBeingSetUp: Bool {
    (pod.status.initContainerStatuses + pod.status.containerStatuses).allSatisfy { status in
      guard case .waiting(let reason, _) = status.state else { return false }
      return status.restartCount == 0 && ["", "ContainerCreating", "PodInitializing"].contains(reason)
    }
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
    if let setUpFailure {
      findings.append(
        PodFinding(
          level: .suspect, kind: .cannotBeSetUp, pod: pod.metadata.name, reason: setUpFailure.reason,
          detail: setUpFailure.message,
          sentence: "pod \(pod.metadata.name) cannot be set up\(suffix(setUpFailure.message)) (\(setUpFailure.reason))")
      )
    }
    if let finding = readyContainersOfAnUnreadyPod { findings.append(finding) }
    for inspection in inspections(at: now, settings: settings, opinion: opinion) {
      if let finding = inspection.finding { findings.append(finding) }
    }
    // Stable: of equally bad findings the first container's comes first.
    return PodFinding.Level.allCases.reversed().flatMap { level in findings.filter { $0.level == level } }
  }

  /// Every container is ready and the pod is not: its node does not answer any more, or a readiness gate is closed.
  private var readyContainersOfAnUnreadyPod: PodFinding? {
    let name = pod.metadata.name
    guard pod.status.phase == "Running", !pod.isReady, !pod.status.containerStatuses.isEmpty,
      pod.status.containerStatuses.allSatisfy(\.ready), let condition = pod.status.conditions.first(ofType: "Ready")
    else { return nil }
    if isNodeSilent {
      return PodFinding(
        level: .suspect, kind: .nodeSilent, pod: name, reason: "NodeNotReady",
        sentence: "pod \(name) is on node \(pod.spec.nodeName), which does not answer (NodeNotReady)")
    }
    guard condition.reason == "ReadinessGatesNotReady" else { return nil }
    return PodFinding(
      level: .suspect, kind: .notReady, pod: name, reason: condition.reason, detail: condition.message,
      sentence: "pod \(name) is not ready although its containers are\(suffix(condition.message)) (\(condition.reason))"
    )
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
    func inspect(
      _ status: ContainerStatus, _ container: Container?, _ role: ContainerInspection.Role
    ) -> ContainerInspection {
      let container = container ?? Container(name: status.name, image: status.image)
      return ContainerInspection(
        pod: pod.metadata.name, status: status, container: container, role: role,
        probes: probes[status.name] ?? ProbeReports(), history: histories[status.name] ?? ContainerHistory(),
        now: now, settings: settings, opinion: opinion(container.image))
    }
    let initial = pod.status.initContainerStatuses.map { status in
      let container = pod.spec.initContainers.first { $0.name == status.name }
      return inspect(status, container, container?.restartPolicy == "Always" ? .sidecar : .initial)
    }
    let ordinary = pod.status.containerStatuses.map { status in
      inspect(status, pod.spec.container(named: status.name), .ordinary)
    }
    return initial + ordinary
  }
}

/// `: text`, or nothing where there is no text.
func suffix(_ text: String) -> String {
  text.isEmpty ? "" : ": " + text.oneLine()
}
