import KubernetesObjects
import RolloutCore
import Testing

/// What only events tell about a pod: probes that fail or kill, what keeps it from being set up, a node that is gone.
@Suite struct PodEventTests {
  private let start = ContinuousClock.now
  private static let http = Probe(httpGet: .init(path: "/healthz", port: .int(8080)), periodSeconds: 5)

  private func finding(_ pod: Pod, _ events: [Event] = [], then later: Pod? = nil) -> PodFinding? {
    var diagnosis = PodDiagnosis(pod, at: start)
    for event in events { diagnosis.observe(event) }
    if let later { diagnosis.observe(later, at: start) }
    return diagnosis.findings(at: start, settings: DiagnosisSettings()).first
  }

  /// A run from second 1000 to `finished`.
  private func run(_ code: Int, _ finished: Int64) -> Termination {
    Termination(
      exitCode: code, reason: "Error", startedAt: Timestamp(seconds: 1000), finishedAt: Timestamp(seconds: finished))
  }

  private let killing = Objects.event(
    "Killing", "Container web failed liveness probe, will be restarted", container: "web", at: 1030)
  private let unhealthy = Objects.event(
    "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", container: "web", at: 1029)

  // MARK: Probes

  @Test func aContainerKilledByItsLivenessProbeIsCalledSo() {
    let pod = Objects.pod(Objects.running(ready: false), liveness: Self.http)
    let crashed = Objects.pod(
      Objects.waiting("CrashLoopBackOff", restarts: 2, lastExit: run(137, 1031)), liveness: Self.http)
    let found = finding(pod, [unhealthy, killing], then: crashed)
    #expect(found?.level == .doomed && found?.kind == .probeKilled && found?.exitCode == 137)
    #expect(
      found?.sentence
        == "container web in pod web-new-1 is killed because its liveness probe GET /healthz on port 8080 "
        + "every 5 s fails: HTTP probe failed with statuscode: 500 "
        + "(CrashLoopBackOff, 2 restarts, exit code 137)")
    #expect(found?.probe == "liveness probe GET /healthz on port 8080 every 5 s")
  }

  /// The program ended by itself in another run: the probe's kill is not to blame. What was killed by a signal was
  /// killed by the probe again, whose event is late.
  @Test(arguments: [(1, Int64(1029), false), (1, 1030, true), (1, 1060, true), (1, 990, false), (137, 1029, true)])
  func aKillExplainsOnlyTheRunThatItFellInto(code: Int, finished: Int64, isExplained: Bool) {
    let pod = Objects.pod(Objects.running(ready: false), liveness: Self.http)
    let crashed = Objects.pod(Objects.terminated(run(code, finished), restarts: 1), liveness: Self.http)
    #expect((finding(pod, [killing], then: crashed)?.kind == .probeKilled) == isExplained)
  }

  /// The event of the next killing comes before the status of the run that it ends: the run before keeps its own.
  @Test func anEarlierKillIsNotForgottenForALaterOne() {
    let pod = Objects.pod(Objects.running(ready: false), liveness: Self.http)
    let again = Objects.event(
      "Killing", "Container web failed liveness probe, will be restarted", container: "web", at: 1090)
    let status = Objects.running(ready: false, restarts: 1, lastExit: run(137, 1031))
    #expect(finding(pod, [killing, again], then: Objects.pod(status, liveness: Self.http))?.kind == .probeKilled)
  }

  @Test func aKillWithoutTimesIsBelieved() {
    let pod = Objects.pod(Objects.running(ready: false), liveness: Self.http)
    let crashed = Objects.pod(Objects.terminated(Objects.exit(137), restarts: 1), liveness: Self.http)
    #expect(finding(pod, [killing], then: crashed)?.kind == .probeKilled)
    #expect(finding(pod, [], then: crashed)?.kind == .crashing)
  }

  @Test func anOrdinaryKillingSaysNothing() {
    let pod = Objects.pod(Objects.running(ready: false))
    let crashed = Objects.pod(Objects.terminated(Objects.exit(1), restarts: 1))
    #expect(
      finding(pod, [Objects.event("Killing", "Stopping container web", container: "web")], then: crashed)?.kind
        == .crashing)
  }

  @Test func aStartupProbeKillsToo() {
    let pod = Objects.pod(Objects.running(ready: false), startup: Self.http)
    let crashed = Objects.pod(Objects.terminated(run(137, 1031), restarts: 1), startup: Self.http)
    let kill = Objects.event(
      "Killing", "Container web failed startup probe, will be restarted", container: "web", at: 1030)
    #expect(
      finding(pod, [kill], then: crashed)?.sentence.contains("its startup probe GET /healthz on port 8080") == true)
  }

  /// Each probe's failure is told as that probe's, and readiness first, because it is what is waited for.
  @Test func theProbeThatFailsIsNamed() {
    let pod = Objects.pod(Objects.running(ready: false), probe: Self.http, liveness: Self.http, startup: Self.http)
    let startup = Objects.event("Unhealthy", "Startup probe failed: refused", container: "web")
    let readiness = Objects.event("Unhealthy", "Readiness probe failed: 503", container: "web")
    #expect(finding(pod, [unhealthy])?.sentence.contains("not ready: liveness probe GET") == true)
    #expect(finding(pod, [unhealthy, startup])?.sentence.contains("not ready: startup probe GET") == true)
    #expect(finding(pod, [unhealthy, startup, readiness])?.sentence.contains("not ready: readiness probe GET") == true)
    #expect(finding(pod, [readiness])?.probe == "readiness probe GET /healthz on port 8080 every 5 s")
  }

  @Test func aProbeFailureOfAReadyContainerIsLateNews() {
    let ready = Objects.pod(Objects.running(), probe: Self.http)
    let unready = Objects.pod(Objects.running(ready: false), probe: Self.http)
    let late = Objects.event("Unhealthy", "Readiness probe failed: 503", container: "web")
    #expect(finding(ready, [late], then: unready)?.level == .fine)
  }

  @Test(arguments: [
    (Probe(tcpSocket: .init(port: .string("http"))), "readiness probe connecting to port http every 10 s"),
    (Probe(exec: .init(command: ["cat", "/ok"])), "readiness probe command cat /ok every 10 s"),
    (Probe(grpc: .init(port: 9000), periodSeconds: 3), "readiness probe gRPC health check on port 9000 every 3 s"),
    (
      Probe(httpGet: .init(path: "/", port: .int(8443), scheme: "HTTPS")),
      "readiness probe GET / on port 8443 by HTTPS every 10 s"
    ),
  ])
  func everyKindOfProbeHasWords(probe: Probe, words: String) {
    #expect(finding(Objects.pod(Objects.running(ready: false), probe: probe))?.probe == words)
  }

  // MARK: Setting up

  @Test(arguments: [
    ("FailedMount", "MountVolume.SetUp failed for volume \"db\" : secret \"db\" not found"),
    ("FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\""),
    ("FailedCreatePodSandBox", "failed to set up sandbox container network"),
  ])
  func whatKeepsAPodFromBeingSetUpIsTold(reason: String, message: String) {
    let pod = Objects.pod(Objects.waiting("ContainerCreating"), phase: "Pending")
    let found = finding(pod, [Objects.event(reason, message)])
    #expect(found?.level == .suspect && found?.kind == .cannotBeSetUp)
    #expect(found?.sentence == "pod web-new-1 cannot be set up: \(message) (\(reason))")
    #expect(finding(pod, [Objects.event(reason, message)], then: Objects.pod(Objects.running())) == nil)
    #expect(finding(pod, [Objects.event("Pulled", "x")]) == nil)
  }

  @Test func aMountThatFailedBeforeIsNoTroubleOfARunningPod() {
    let running = Objects.pod(Objects.running(ready: false))
    #expect(finding(running, [Objects.event("FailedMount", "late")]) == nil)
  }

  // MARK: The node, and the pod as a whole

  @Test func aNodeThatDoesNotAnswerIsNamed() {
    let pod = Objects.pod(Objects.running(), ready: false, node: "node-b")
    #expect(finding(pod) == nil, "not ready for a moment, and nothing says why")
    let silent = finding(pod, [Objects.event("NodeNotReady", "Node is not ready")])
    #expect(silent?.level == .suspect && silent?.kind == .nodeSilent)
    #expect(silent?.sentence == "pod web-new-1 is on node node-b, which does not answer (NodeNotReady)")
    let back = Objects.pod(Objects.running(), node: "node-b")
    #expect(finding(pod, [Objects.event("NodeNotReady", "Node is not ready")], then: back) == nil)
  }

  @Test func aClosedReadinessGateIsTold() {
    let gate = Condition(
      type: "Ready", status: "False", reason: "ReadinessGatesNotReady",
      message: "the status of pod readiness gate \"lb\" is not \"True\", but False")
    let pod = Objects.pod(Objects.running(), ready: false, conditions: [gate])
    #expect(
      finding(pod)?.sentence == "pod web-new-1 is not ready although its containers are: the status of pod readiness "
        + "gate \"lb\" is not \"True\", but False (ReadinessGatesNotReady)")
  }

  // MARK: Who it is

  @Test func initContainersAndSidecarsAreCalledSo() {
    let crash = Objects.waiting("CrashLoopBackOff", restarts: 2, lastExit: Objects.exit(1), name: "aux")
    let initial = Objects.pod(Objects.waiting("PodInitializing"), initial: [crash], phase: "Pending")
    #expect(
      finding(initial)?.sentence
        == "init container aux in pod web-new-1 exits 1 at start (CrashLoopBackOff, 2 restarts)")
    let sidecar = Objects.pod(Objects.running(), initial: [crash], sidecars: ["aux"])
    #expect(finding(sidecar)?.sentence.hasPrefix("sidecar aux in pod web-new-1 exits 1 at start") == true)
  }

  @Test func aMemoryLimitIsNamedWhereThereIsOne() {
    let oom = Objects.terminated(Objects.exit(137, "OOMKilled"))
    #expect(
      finding(Objects.pod(oom, memory: "64Mi"))?.sentence
        == "container web in pod web-new-1 is killed because it uses more memory than its limit of 64Mi "
        + "(OOMKilled, 0 restarts, exit code 137)")
  }
}
