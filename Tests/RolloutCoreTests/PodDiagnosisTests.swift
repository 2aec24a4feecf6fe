import KubernetesObjects
import RolloutCore
import Testing

/// The table of doomed, suspect and fine, row by row.
@Suite struct PodDiagnosisTests {
  typealias Instant = ContinuousClock.Instant
  private let start = ContinuousClock.now

  /// What is said of a container that was seen in these states, one second apart, `after` the last of them.
  private func diagnose(
    _ states: [ContainerStatus], after: Duration = .zero, opinion: RegistryOpinion = .unknown, probe: Probe? = nil
  ) -> PodFinding? {
    var now = start
    var diagnosis: PodDiagnosis?
    for state in states {
      let pod = Objects.pod(state, probe: probe)
      if diagnosis?.observe(pod, at: now) == nil { diagnosis = PodDiagnosis(pod, at: now) }
      now = now.advanced(by: .seconds(1))
    }
    now = now.advanced(by: after - .seconds(1))
    return diagnosis?.findings(at: now, settings: DiagnosisSettings(), opinion: { _ in opinion }).first
  }

  @Test(arguments: ["ContainerCreating", "PodInitializing", ""])
  func whatIsOnItsWayIsNotMentioned(reason: String) {
    #expect(diagnose([Objects.waiting(reason)]) == nil)
  }

  @Test(arguments: ["InvalidImageName", "ErrImageNeverPull"])
  func whatCannotChangeIsDoomedAtOnce(reason: String) {
    #expect(diagnose([Objects.waiting(reason)])?.level == .doomed)
  }

  // MARK: Pulling

  private static let notFound = "rpc error: code = NotFound desc = harbor/octave/web:v2: not found"

  @Test func aMissingImageIsDoomedWhenTheRegistryAgrees() {
    let states = [Objects.waiting("ErrImagePull", Self.notFound)]
    #expect(diagnose(states)?.level == .suspect)
    #expect(diagnose(states, opinion: .absent)?.level == .doomed)
    #expect(diagnose(states, opinion: .present)?.level == .suspect)
    #expect(diagnose(states, opinion: .present)?.kind == .pullFailing)
    let blocked = diagnose(states, opinion: .blocked("vulnerability threshold"))
    #expect(blocked?.level == .doomed && blocked?.kind == .imageRefused)
    #expect(blocked?.sentence.contains("vulnerability threshold") == true)
  }

  /// Newer kubelets repeat the cause in the back-off, older ones say only that they back off.
  @Test func theCauseIsRememberedThroughABackOffThatDoesNotNameIt() {
    let states = [
      Objects.waiting("ErrImagePull", Self.notFound),
      Objects.waiting("ImagePullBackOff", "Back-off pulling image \"harbor/octave/web:v2\""),
    ]
    let finding = diagnose(states, opinion: .absent)
    #expect(finding?.level == .doomed && finding?.kind == .imageMissing)
    #expect(finding?.detail.contains("NotFound") == true)
  }

  @Test(arguments: [
    (notFound, PodFinding.Kind.imageMissing),
    ("manifest for harbor/octave/web:v2 not found: manifest unknown: manifest unknown", .imageMissing),
    ("name unknown: repository not known to registry", .imageMissing),
    ("412 Precondition Failed: PROJECTPOLICYVIOLATION", .imageRefused),
    ("image pull prevented by policy: signature validation failed", .imageRefused),
    ("401 Unauthorized", .pullFailing),
    ("pull access denied, repository does not exist or may require authorization", .pullFailing),
    ("dial tcp: lookup harbor.example: no such host", .pullFailing),
    ("unexpected status 503 Service Unavailable", .pullFailing),
    ("net/http: request canceled while waiting for connection", .pullFailing),
  ])
  func thePullErrorIsToldByItsWords(message: String, kind: PodFinding.Kind) {
    #expect(diagnose([Objects.waiting("ErrImagePull", message)])?.kind == kind)
  }

  @Test func aPullErrorThatLastsIsDoomed() {
    let states = [Objects.waiting("ErrImagePull", "503"), Objects.waiting("ImagePullBackOff", "503")]
    #expect(diagnose(states, after: .seconds(28))?.level == .suspect)
    #expect(diagnose(states, after: .seconds(29))?.level == .doomed)
  }

  /// A registry that hiccups: the next attempt works, and the time starts anew should it fail again.
  @Test func aPullErrorThatPassesIsForgotten() {
    let states = [
      Objects.waiting("ErrImagePull", "503"), Objects.waiting("ContainerCreating"),
      Objects.waiting("ErrImagePull", "503"),
    ]
    #expect(diagnose(states, after: .seconds(29))?.level == .suspect)
    #expect(diagnose(states + [Objects.running()], after: .seconds(60)) == nil)
  }

  /// It was pulled and ran; that another pull fails later is another trouble.
  @Test func aPullThatWorkedStartsTheTimeAnew() {
    let failing = Objects.waiting("ErrImagePull", "503")
    let states = [failing, Objects.running(), failing]
    #expect(diagnose(states, after: .seconds(29))?.level == .suspect)
    #expect(diagnose(states, after: .seconds(30))?.level == .doomed)
  }

  // MARK: Configuration and start

  @Test func aBadConfigurationIsDoomedAfterTenSeconds() {
    let states = [Objects.waiting("CreateContainerConfigError", "secret \"db\" not found")]
    #expect(diagnose(states, after: .seconds(9))?.level == .suspect)
    let finding = diagnose(states, after: .seconds(10))
    #expect(finding?.level == .doomed)
    #expect(
      finding?.sentence
        == "container web in pod web-new-1 cannot be configured: secret \"db\" not found (CreateContainerConfigError)")
  }

  @Test func aCacheThatIsNotYetSyncedIsNoBadConfiguration() {
    let states = [Objects.waiting("CreateContainerConfigError", "failed to sync configmap cache: timed out")]
    #expect(diagnose(states, after: .seconds(60))?.level == .suspect)
  }

  @Test func aStartThatFailsTwiceIsDoomed() {
    let exit = Objects.exit(128, "StartError", message: "exec: \"/app\": no such file")
    let first = [Objects.waiting("RunContainerError", "failed to start", lastExit: exit)]
    #expect(diagnose(first)?.level == .suspect)
    let second = first + [Objects.waiting("RunContainerError", "failed to start", restarts: 1, lastExit: exit)]
    let finding = diagnose(second)
    #expect(finding?.level == .doomed && finding?.kind == .startFailing)
    #expect(
      finding?.sentence == "container web in pod web-new-1 cannot be started: exec: \"/app\": no such file "
        + "(RunContainerError, 2 starts, exit code 128)")
    // The back-off after it says the same thing.
    let third = second + [Objects.waiting("CrashLoopBackOff", restarts: 1, lastExit: exit)]
    #expect(diagnose(third)?.level == .doomed)
  }

  @Test func theRuntimesLayersAreLeftOutOfAFailedStart() {
    let text =
      "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
      + "unable to start container process: error during container init: exec: \"/app\": permission denied: unknown"
    let finding = diagnose([Objects.terminated(Objects.exit(128, "StartError", message: text))])
    #expect(
      finding?.sentence == "container web in pod web-new-1 cannot be started: exec: \"/app\": permission denied: "
        + "unknown (StartError, 1 start, exit code 128)")
    #expect(finding?.detail.hasPrefix("failed to create containerd task") == true)
  }

  /// The kubelet does not count its attempts to create a container, so time has to do.
  @Test func aContainerThatCannotBeCreatedIsDoomedWhenThatLasts() {
    let states = [Objects.waiting("CreateContainerError", "context deadline exceeded")]
    #expect(diagnose(states, after: .seconds(29))?.level == .suspect)
    #expect(diagnose(states, after: .seconds(30))?.level == .doomed)
  }

  // MARK: Crashing

  private func crashes(_ codes: [Int]) -> [ContainerStatus] {
    codes.enumerated().flatMap { run, code in
      [
        Objects.terminated(Objects.exit(code), restarts: run),
        Objects.waiting("CrashLoopBackOff", restarts: run, lastExit: Objects.exit(code)),
      ]
    }
  }

  @Test func aFirstCrashIsSuspect() {
    #expect(diagnose([Objects.terminated(Objects.exit(1))])?.level == .suspect)
    #expect(diagnose(crashes([1, 1]))?.level == .suspect)
  }

  @Test func twoRestartsWithTheSameExitCodeAreDoomed() {
    let finding = diagnose(crashes([3, 3, 3]))
    #expect(finding?.level == .doomed)
    #expect(
      finding?.sentence == "container web in pod web-new-1 exits 3 at start (CrashLoopBackOff, 2 restarts)")
  }

  @Test func changingExitCodesAreSuspect() {
    #expect(diagnose(crashes([1, 1, 2]))?.level == .suspect)
    #expect(diagnose(crashes([1, 2, 2]))?.level == .doomed)
  }

  /// A sidecar that waits for its peer crashes twice and then runs: never doomed on the way.
  @Test func whatRestartsTwiceAndThenRunsIsNeverDoomed() {
    let states =
      crashes([1, 1]) + [Objects.running(ready: false, restarts: 2, lastExit: Objects.exit(1))]
    for end in 1...states.count {
      #expect(diagnose(Array(states[..<end]), after: .seconds(20))?.level != .doomed)
    }
    #expect(diagnose(states + [Objects.running(restarts: 2, lastExit: Objects.exit(1))]) == nil)
  }

  @Test func runningOutOfMemoryIsSaidInWords() {
    let exit = Objects.exit(137, "OOMKilled")
    let once = diagnose([Objects.terminated(exit)])
    #expect(once?.level == .suspect && once?.kind == .outOfMemory)
    #expect(
      once?.sentence == "container web in pod web-new-1 is killed because it uses more memory than its limit "
        + "(OOMKilled, 0 restarts, exit code 137)")
    let again = diagnose([Objects.waiting("CrashLoopBackOff", restarts: 2, lastExit: exit)])
    #expect(again?.level == .doomed && again?.kind == .outOfMemory)
  }

  @Test func aLateCrashSaysAfterHowLong() {
    var exit = Objects.exit(2)
    exit.startedAt = Timestamp(seconds: 1000)
    exit.finishedAt = Timestamp(seconds: 1045)
    #expect(diagnose([Objects.terminated(exit)])?.sentence.contains("exits 2 after 45 s") == true)
  }

  // MARK: Running, and the pod as a whole

  private static let probe = Probe(httpGet: .init(path: "/healthz", port: .int(8080)), periodSeconds: 5)

  @Test func aFailingProbeIsSuspectAndGoneOnceReady() {
    var diagnosis = PodDiagnosis(Objects.pod(Objects.running(ready: false), probe: Self.probe), at: start)
    func finding() -> PodFinding? { diagnosis.findings(at: start, settings: DiagnosisSettings()).first }
    #expect(finding()?.level == .fine)
    #expect(finding()?.sentence.hasSuffix("not ready yet: readiness probe GET /healthz on port 8080 every 5 s") == true)
    diagnosis.observe(
      Event(
        metadata: ObjectMeta(name: "e"),
        involvedObject: ObjectReference(kind: "Pod", uid: "web-new-1", fieldPath: "spec.containers{web}"),
        reason: "Unhealthy", message: "Readiness probe failed: connection refused"))
    #expect(finding()?.level == .suspect)
    #expect(finding()?.sentence.hasSuffix("every 5 s fails: connection refused") == true)
    diagnosis.observe(Objects.pod(Objects.running(), probe: Self.probe), at: start)
    #expect(finding() == nil)
  }

  @Test func anUnschedulablePodIsSuspect() {
    let condition = Condition(
      type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/2 nodes are available")
    let pod = Objects.pod(Objects.waiting(""), phase: "Pending", conditions: [condition])
    let finding = PodDiagnosis(pod, at: start).findings(at: start, settings: DiagnosisSettings()).first
    #expect(finding?.level == .suspect)
    #expect(finding?.sentence == "pod web-new-1 cannot be scheduled: 0/2 nodes are available")
  }

  @Test func initContainersCount() {
    let crash = Objects.waiting("CrashLoopBackOff", restarts: 2, lastExit: Objects.exit(1), name: "migrate")
    let pod = Objects.pod(Objects.waiting("PodInitializing"), initial: [crash], phase: "Pending")
    let finding = PodDiagnosis(pod, at: start).findings(at: start, settings: DiagnosisSettings()).first
    #expect(finding?.level == .doomed && finding?.container == "migrate")
  }

  @Test func anInitContainerThatEndedWellIsFineAndASidecarThatEndedIsNot() {
    let done = Objects.terminated(Objects.exit(0, "Completed"), name: "aux")
    let initial = Objects.pod(Objects.running(), initial: [done])
    #expect(PodDiagnosis(initial, at: start).findings(at: start, settings: DiagnosisSettings()).isEmpty)
    let sidecar = Objects.pod(Objects.running(), initial: [done], sidecars: ["aux"])
    #expect(PodDiagnosis(sidecar, at: start).findings(at: start, settings: DiagnosisSettings()).count == 1)
  }

  @Test func podsThatWereTakenAwayAreIgnored() {
    let doomed = Objects.waiting("InvalidImageName")
    for pod in [
      Objects.pod(doomed, deleted: true), Objects.pod(doomed, reason: "Evicted"),
      Objects.pod(doomed, reason: "Preempting"), Objects.pod(doomed, reason: "NodeLost"),
    ] {
      let diagnosis = PodDiagnosis(pod, at: start)
      #expect(diagnosis.isIgnored && diagnosis.findings(at: start, settings: DiagnosisSettings()).isEmpty)
    }
  }

  @Test func textsOfTheClusterBecomeOneBoundedLine() {
    let finding = diagnose([
      Objects.waiting("CreateContainerConfigError", "a\nb\u{1b}[31m" + String(repeating: "x", count: 1000))
    ])
    #expect(finding?.sentence.contains("\n") == false && finding?.sentence.contains("\u{1b}") == false)
    #expect(finding?.detail.count ?? 0 <= 301)
  }
}
