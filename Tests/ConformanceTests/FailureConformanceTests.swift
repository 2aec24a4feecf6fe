import KubernetesClient
import KubernetesObjects
import RollbackMessages
import RollbackService
import RollbackTestKit
import Testing

/// Every way of failing that the development cluster knows, from the call to the sentence, with the time that it may
/// take. On a real cluster the tags mean nothing, so these are for the development cluster alone.
///
/// The times are those of the design: at once for what cannot change, ten seconds for a bad configuration, thirty for
/// a pull error that nobody confirms, two restarts of the kubelet for a crash, else the Deployment's own deadline.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: ConformanceEnvironment.realCluster == nil))
struct FailureConformanceTests {
  /// A way of failing.
  struct Case: Sendable, CustomTestStringConvertible {
    var tag: String
    /// What the sentence begins with, before the pod's name, and has behind it.
    var beginning: String
    var ending: String
    /// Empty where states alternate and either may be the last.
    var reason: String
    var exitCode: Int32?
    /// When the outcome must be there, in seconds since the request. The cluster keeps the time of the last progress in
    /// whole seconds, rounded down, so its deadline may come up to one second early.
    var between: ClosedRange<Int>
    var log = ""
    var event = ""
    var deadline = 600
    var others = ""
    var testDescription: String { tag }
  }

  static let cases: [Case] = [
    Case(
      tag: "missing", beginning: "container web in pod ",
      ending: " cannot pull image registry.example/octave/web:v2-missing: not found (",
      reason: "", between: 29...36, event: "Failed to pull image"),
    Case(
      tag: "config", beginning: "container web in pod ",
      ending: " cannot be configured: secret \"web-settings\" not found (CreateContainerConfigError)",
      reason: "CreateContainerConfigError", between: 10...15, event: "secret \"web-settings\" not found"),
    Case(
      tag: "crash", beginning: "container web in pod ", ending: " exits 1 at start (CrashLoopBackOff, 2 restarts)",
      reason: "CrashLoopBackOff", exitCode: 1, between: 2...8, log: "KeyError: 'DB_POOL'",
      event: "Back-off restarting failed container"),
    Case(
      tag: "oom", beginning: "container web in pod ",
      ending: " is killed because it uses more memory than its limit of 64Mi "
        + "(CrashLoopBackOff, 2 restarts, exit code 137)",
      reason: "CrashLoopBackOff", exitCode: 137, between: 2...8, log: "loading the catalogue into memory"),
    Case(
      tag: "nostart", beginning: "container web in pod ",
      ending: " cannot be started: exec: \"/app/server\": stat /app/server: no such file or directory "
        + "(StartError, 2 starts, exit code 128)", reason: "StartError", exitCode: 128, between: 0...6),
    Case(
      tag: "liveness", beginning: "container web in pod ",
      ending: " is killed because its liveness probe GET /livez on port 8080 every 10 s fails: "
        + "HTTP probe failed with statuscode: 500 (CrashLoopBackOff, 2 restarts, exit code 137)",
      reason: "CrashLoopBackOff", exitCode: 137, between: 5...14, log: "GET /livez 500 worker queue is stuck",
      event: "failed liveness probe"),
    Case(
      tag: "hang", beginning: "no progress within 6 s (ProgressDeadlineExceeded): container web in pod ",
      ending: " runs but is not ready: readiness probe GET /healthz on port 8080 every 1 s fails: "
        + "HTTP probe failed with statuscode: 503",
      reason: "Unhealthy", between: 5...12, log: "waiting for the database at db:5432", event: "Readiness probe failed",
      deadline: 6),
  ]

  private func check(_ finished: RolloutFinished?, _ expected: Case) {
    #expect(finished?.outcome == .failed, "\(expected.tag)")
    guard let diagnosis = finished?.diagnosis, let elapsed = finished?.elapsed?.components.seconds else {
      Issue.record("\(expected.tag): no diagnosis")
      return
    }
    #expect(diagnosis.summary.hasPrefix(expected.beginning))
    #expect(diagnosis.summary.contains(expected.ending))
    #expect(expected.reason.isEmpty || diagnosis.reason == expected.reason)
    #expect(diagnosis.terminated == (expected.exitCode != nil) && diagnosis.exitCode == expected.exitCode ?? 0)
    let between = expected.between.lowerBound...expected.between.upperBound * Slowness.factor
    #expect(between.contains(Int(elapsed)), "\(expected.tag) after \(elapsed) s")
    #expect(diagnosis.logTail.contains(expected.log) || diagnosis.previousLogTail.contains(expected.log))
    #expect(expected.event.isEmpty || diagnosis.events.contains { $0.message.contains(expected.event) })
    #expect(diagnosis.events.allSatisfy { !$0.object.contains(" ") && !$0.type.isEmpty })
    #expect(diagnosis.comparison.hasPrefix("the 2 pods that still serve run web:v1 on nodes sim-node-1, sim-node-2; "))
    #expect(diagnosis.notes.isEmpty)
    #expect(finished?.replicas?.available == 2, "old pods go on serving")
  }

  @Test func `each failure has its sentence and its evidence within its time, and the way back is no false failure`()
    async throws
  {
    try await ConformanceEnvironment.run { environment in
      // At the same time, for most of it is waiting.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for expected in Self.cases {
          group.addTask {
            let limits = #"{"limits":{"memory":"64Mi"}}"#
            try await environment.makeApp(expected.tag, deadline: expected.deadline, resources: limits)
            #expect(try await environment.deploy(expected.tag, "v1").finished?.outcome == .succeeded)
            let finished = try await environment.deploy(expected.tag, "v2-\(expected.tag)").finished
            check(finished, expected)
            #expect(try await environment.rollback(expected.tag).finished?.outcome == .succeeded)
            #expect(try await environment.image(of: expected.tag) == "registry.example/octave/web:v1")
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `a quota is told while it is waited for, and is the sentence of the failure`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("quota", deadline: 4)
      #expect(try await environment.deploy("quota", "v1").finished?.outcome == .succeeded)
      try await environment.kubernetes.create(
        #"{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"pods":"2"}}}"#,
        as: ResourceKind(plural: "resourcequotas"), namespace: environment.namespace)
      let frames = try await environment.deploy("quota", "v2")
      let text = "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2 (FailedCreate)"
      #expect(frames.finished?.outcome == .failed)
      let diagnosis = try #require(frames.finished?.diagnosis)
      #expect(
        diagnosis.summary.hasPrefix("no progress within 4 s (ProgressDeadlineExceeded): pods cannot be created: pods "))
      #expect(diagnosis.summary.hasSuffix(text))
      #expect(diagnosis.events.contains { $0.object.hasPrefix("ReplicaSet/quota-") && $0.reason == "FailedCreate" })
      #expect(diagnosis.comparison.hasSuffix("; no new pod could be made"))
      let trouble = try #require(frames.first { $0.trouble.hasSuffix(text) })
      #expect(trouble.elapsed < .seconds(3), "told before it fails")
      // The way back needs no new pod.
      #expect(try await environment.rollback("quota").finished?.outcome == .succeeded)
    }
  }

  @Test func `a pod that finds no room is told in the scheduler's words`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("room", deadline: 4, resources: #"{"requests":{"cpu":"5"}}"#)
      let frames = try await environment.deploy("room", "v1")
      #expect(frames.finished?.outcome == .failed)
      let diagnosis = try #require(frames.finished?.diagnosis)
      #expect(diagnosis.summary.contains(" cannot be scheduled: 0/2 nodes are available: 2 Insufficient cpu. "))
      #expect(diagnosis.summary.hasPrefix("no progress within 4 s (ProgressDeadlineExceeded): pod room-"))
      #expect(diagnosis.reason == "Unschedulable" && diagnosis.node.isEmpty)
      #expect(diagnosis.comparison.hasSuffix("; the failing one has web:v1 and no node"))
      #expect(frames.contains { $0.pods.contains { $0.state == "unschedulable" && !$0.message.isEmpty } })
    }
  }

  @Test func `an init container that fails and a flaky sidecar are told apart`() async throws {
    try await ConformanceEnvironment.run { environment in
      let initial = #""initContainers":[{"name":"migrate","image":"registry.example/octave/migrate:v1-crash"}],"#
      try await environment.makeApp("initial", others: initial)
      let failed = try await environment.deploy("initial", "v1").finished
      #expect(failed?.outcome == .failed)
      #expect(failed?.diagnosis?.summary.hasPrefix("init container migrate in pod initial-") == true)
      #expect(failed?.diagnosis?.summary.hasSuffix(" exits 1 at start (CrashLoopBackOff, 2 restarts)") == true)
      #expect(failed?.diagnosis?.previousLogTail.contains("KeyError") == true)
    }
  }

  @Test func `what passes by itself fails nothing`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await withThrowingTaskGroup(of: Void.self) { group in
        // A registry that hiccups, a program that needs three starts, and the same of a container beside it.
        let sidecar =
          #""initContainers":[{"name":"proxy","image":"registry.example/octave/proxy:v1-flaky","restartPolicy":"Always"}],"#
        for (name, tag, others) in [("blip", "v2-blip", ""), ("flaky", "v2-flaky", ""), ("sidecar", "v2", sidecar)] {
          group.addTask {
            try await environment.makeApp(name, others: others)
            if name != "sidecar" {
              #expect(try await environment.deploy(name, "v1").finished?.outcome == .succeeded)
            }
            let frames = try await environment.deploy(name, tag)
            #expect(frames.finished?.outcome == .succeeded, "\(name)")
            #expect(frames.contains { !$0.trouble.isEmpty }, "\(name): the trouble is shown while it lasts")
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `without fail-fast a crash is told and waited for, until the deadline or the timeout`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("deadline", deadline: 8)
      #expect(try await environment.deploy("deadline", "v1").finished?.outcome == .succeeded)
      let patient = RolloutOptions(soak: .zero, noFailFast: true)
      let deadline = try await environment.deploy("deadline", "v2-crash", options: patient).finished
      #expect(deadline?.outcome == .failed)
      #expect(
        deadline?.message.hasPrefix("no progress within 8 s (ProgressDeadlineExceeded): container web in pod deadline-")
          == true)
      #expect(deadline?.message.contains(" exits 1 at start (") == true)
      // The cluster keeps the time of the last progress in whole seconds, rounded down.
      #expect(deadline?.elapsed ?? .zero >= .seconds(7))
      let hurried = RolloutOptions(timeout: .seconds(6), soak: .zero, noFailFast: true)
      let timeout = try await environment.deploy("deadline", "v3-crash", options: hurried).finished
      #expect(timeout?.outcome == .timedOut)
      #expect(
        timeout?.message.hasPrefix("not ready within 6 s, the rollout goes on in the cluster: container web in pod ")
          == true)
      #expect((Duration.seconds(6)..<Duration.seconds(11)).contains(timeout?.elapsed ?? .zero))
      #expect(timeout?.diagnosis?.previousLogTail.contains("KeyError") == true)
    }
  }

  @Test func `a soak catches what crashes after it was ready`() async throws {
    try await ConformanceEnvironment.run { environment in
      try await environment.makeApp("flap")
      #expect(try await environment.deploy("flap", "v1").finished?.outcome == .succeeded)
      let soaked = try await environment.deploy("flap", "v2-flap", options: RolloutOptions(soak: .seconds(2))).finished
      #expect(soaked?.outcome == .failed)
      #expect(soaked?.diagnosis?.summary.contains(" exits 1 ") == true)
      #expect(soaked?.diagnosis?.previousLogTail.contains("fatal: connection to db:5432 lost") == true)
    }
  }
}

extension RolloutFrame {
  fileprivate var trouble: String { if case .progress(let progress)? = kind { progress.trouble } else { "" } }
  fileprivate var pods: [PodState] { if case .progress(let progress)? = kind { progress.pods } else { [] } }
  fileprivate var elapsed: Duration {
    if case .progress(let progress)? = kind { progress.elapsed ?? .zero } else { .zero }
  }
}
