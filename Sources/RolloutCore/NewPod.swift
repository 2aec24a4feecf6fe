import KubernetesObjects

/// What follows from the state of one of the new pods, worked out when that state changes and not at each event of
/// another pod: a rollout of hundreds of pods sends thousands of events, and a whole pod is dear to copy.
struct NewPod: Sendable {
  var uid: String
  var summary: RolloutProgress.PodSummary
  /// The worst first.
  var findings: [PodFinding]
  /// When the findings change with nothing new seen.
  var nextChange: ContinuousClock.Instant?
  /// It ended, and another one takes its place: neither ready nor unready any more.
  var hasEnded: Bool

  init(
    _ diagnosis: PodDiagnosis, at now: ContinuousClock.Instant, settings: DiagnosisSettings,
    opinions: [String: RegistryOpinion]
  ) {
    let pod = diagnosis.pod
    uid = pod.metadata.uid
    findings = diagnosis.findings(at: now, settings: settings) { opinions[$0] ?? .unknown }
    summary = RolloutProgress.PodSummary(pod, level: findings.first?.level ?? .fine)
    nextChange = diagnosis.nextChange(after: now, settings: settings)
    hasEnded = pod.status.phase == "Failed" || pod.status.phase == "Succeeded"
  }
}
