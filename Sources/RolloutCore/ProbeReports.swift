import KubernetesObjects

/// What the kubelet's events said about one container's probes.
struct ProbeReports: Hashable, Sendable {
  /// Which probe it is; the raw value is the kubelet's own word, in lower case.
  enum Kind: String, Sendable, CaseIterable {
    case readiness, liveness, startup
  }

  /// That the kubelet killed the container because of a probe.
  struct Kill: Hashable, Sendable {
    var probe: Kind
    /// By the node's clock, to the second; nil where the event had no time.
    var at: Timestamp?

    /// Whether it explains that end of a run. The event is written when the killing begins, so it lies within the run;
    /// where a time is not known there is nothing that speaks against it.
    func explains(_ exit: Termination) -> Bool {
      guard let at, let started = exit.startedAt, let finished = exit.finishedAt else { return true }
      return started <= at && at <= finished
    }
  }

  /// The newest failure of each probe, in the kubelet's words behind "… probe failed:".
  private(set) var failures: [Kind: String] = [:]
  /// The newest killings, the newest last; the status of a run comes after its event, or before it.
  private var kills: [Kill] = []

  /// Takes in an event about the container.
  ///
  /// The texts are those of the kubelet's prober and of its `killContainer`: "Liveness probe failed: …" and
  /// "Container web failed liveness probe, will be restarted".
  mutating func observe(_ event: Event) {
    let message = event.message.lowercased()
    switch event.reason {
    case "Unhealthy":
      guard let kind = Kind.allCases.first(where: { message.hasPrefix("\($0.rawValue) probe") }) else { return }
      let introduction = "\(kind.rawValue) probe failed: "
      let text = message.hasPrefix(introduction) ? event.message.dropFirst(introduction.count) : event.message[...]
      failures[kind] = String(text).oneLine()
    case "Killing":
      guard let kind = Kind.allCases.first(where: { message.contains("failed \($0.rawValue) probe") }) else { return }
      kills = kills.suffix(3) + [Kill(probe: kind, at: event.lastSeen)]
    default: break
    }
  }

  /// The killing that was the end of that run, if one was. The watches are not in step, so the event of the newest run
  /// may still be on its way: a run that ended by SIGTERM or SIGKILL after a probe has killed before was killed again.
  func kill(of exit: Termination) -> Kill? {
    kills.last { $0.explains(exit) } ?? ([137, 143].contains(exit.exitCode) ? kills.last : nil)
  }

  /// Forgets failures that no longer are: the container is ready.
  mutating func becomeReady() { failures = [:] }
}

extension Container {
  /// Which of its probes that is, for people: `readiness probe GET /healthz on port 8080 every 10 s`.
  func words(for kind: ProbeReports.Kind) -> String {
    let probe =
      switch kind {
      case .readiness: readinessProbe
      case .liveness: livenessProbe
      case .startup: startupProbe
      }
    return "\(kind.rawValue) probe" + (probe.map { " " + $0.inWords } ?? "")
  }
}
