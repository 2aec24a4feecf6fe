import RollbackMessages

@testable import rollbackctl

/// The app of the design's transcripts, whose v3 answers with 500s.
enum Sample {
  /// When the transcripts were taken.
  static let now = "2026-11-24T02:47:00Z"

  static func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(seconds: 0) }

  static func id(_ beginning: String) -> String { beginning + "-1111-4222-8333-444444444444" }

  static func ago(_ duration: Duration) -> Timestamp {
    Timestamp(seconds: time(now).seconds - duration.components.seconds)
  }

  static let v3 = DeployRecord(
    id: id("9f31c2a0"), app: "hello", imageRef: "harbor/octave/hello:v3", imageDigest: "sha256:77ab" + hex(60),
    status: .live, createdAt: ago(.seconds(400)), finishedAt: ago(.seconds(370)), timeToReady: .seconds(30),
    actorID: "ci", current: true, notRollbackableReason: "it is what runs now")

  static let v2 = DeployRecord(
    id: id("0bd91e44"), app: "hello", imageRef: "harbor/octave/hello:v2", imageDigest: "sha256:1c9e" + hex(60),
    status: .superseded, createdAt: ago(.seconds(3 * 86_400 + 4 * 3600 + 800)),
    finishedAt: ago(.seconds(3 * 86_400 + 4 * 3600 + 500)), timeToReady: .seconds(24), actorID: "ops",
    rollbackable: true, migrationsSince: 2)

  static let v1 = DeployRecord(
    id: id("77aa01bc"), app: "hello", imageRef: "harbor/octave/hello:v1", imageDigest: "sha256:90f2" + hex(60),
    status: .superseded, createdAt: ago(.seconds(15 * 86_400 + 9)), finishedAt: ago(.seconds(15 * 86_400)),
    timeToReady: .seconds(21), actorID: "ci", rollbackable: true, migrationsSince: 5,
    imageRetainedUntil: time("2027-02-06T10:00:00Z"))

  static let unbuilt = DeployRecord(
    id: id("33e7a810"), app: "hello", imageRef: "harbor/octave/hello:building", status: .failed,
    createdAt: ago(.seconds(41 * 86_400)), finishedAt: ago(.seconds(41 * 86_400)), actorID: "ci",
    notRollbackableReason: "it never produced an image")

  static let history = [v3, v2, v1, unbuilt]

  static let app = App(
    id: id("aaaaaaaa"), name: "hello", namespace: "octave", deployment: "hello", container: "web",
    createdAt: ago(.seconds(50 * 86_400)))

  static let migrations = [
    Migration(version: "0043", name: "users_idx", appliedAt: time("2026-11-24T02:31:40Z")),
    Migration(version: "0042", name: "orders_add_note", appliedAt: time("2026-11-24T02:31:00Z")),
    Migration(version: "0041", name: "orders", appliedAt: ago(.seconds(9 * 86_400))),
  ]

  static let schemaMismatch = Warning(
    code: "schema_mismatch", message: "Migrations have been applied since this deploy. Schema mismatch possible.",
    details: ["0042_orders_add_note (2026-11-24T02:31:00Z)", "0043_users_idx (2026-11-24T02:31:40Z)"])

  static func hex(_ count: Int) -> String { String(repeating: "0", count: count) }

  // MARK: The rollback to v2

  static let rollback = DeployRecord(
    id: id("c4410d7e"), app: "hello", imageRef: "harbor/octave/hello:v2", imageDigest: v2.imageDigest,
    status: .deploying, replicas: Replicas(desired: 2, ready: 2, available: 2, old: 2),
    createdAt: time("2026-11-24T02:47:10Z"), actorID: "ops", reason: "500s since v3", rollbackOf: v2.id,
    warnings: [schemaMismatch])

  static func frame(_ seq: UInt64, _ clock: String, _ kind: RolloutFrame.Kind) -> RolloutFrame {
    RolloutFrame(seq: seq, at: time("2026-11-24T\(clock)Z"), kind: kind)
  }

  static let accepted = frame(
    1, "02:47:10",
    .accepted(
      RolloutAccepted(
        deploy: rollback, from: v3, target: v2, warnings: [schemaMismatch], auditID: 88213, namespace: "octave",
        deployment: "hello", container: "web", imageCheck: "present", targetLiveFor: .seconds(76 * 3600))))

  static func progress(
    _ seq: UInt64, _ clock: String, _ phase: RolloutPhase, _ replicas: Replicas?, pods: [PodState] = [],
    _ message: String, elapsed: Duration
  ) -> RolloutFrame {
    frame(
      seq, clock,
      .progress(RolloutProgress(phase: phase, replicas: replicas, pods: pods, message: message, elapsed: elapsed)))
  }

  static func numbers(updated: UInt32, old: UInt32, available: UInt32 = 2) -> Replicas {
    Replicas(desired: 2, updated: updated, ready: available, available: available, old: old)
  }

  static let begun: [RolloutFrame] = [
    accepted,
    progress(2, "02:47:10", .waiting, nil, "waiting for the spec update to be observed", elapsed: .zero),
    progress(
      3, "02:47:11", .rolling, numbers(updated: 0, old: 2), "0 of 2 replicas are updated", elapsed: .seconds(1)),
    progress(
      4, "02:47:19", .rolling, numbers(updated: 0, old: 2),
      pods: [PodState(name: "hello-6c9d-x2x", ready: true, state: "ready")], "0 of 2 replicas are updated",
      elapsed: .seconds(9)),
  ]

  static let succeeded = frame(
    9, "02:47:31",
    .finished(
      RolloutFinished(
        deploy: with(rollback) {
          $0.status = .live
          $0.current = true
          $0.timeToReady = .seconds(26)
          $0.finishedAt = time("2026-11-24T02:47:36Z")
          $0.replicas = numbers(updated: 2, old: 0)
        }, outcome: .succeeded, message: "hello runs harbor/octave/hello:v2 after 26.0s", elapsed: .seconds(28),
        target: .seconds(30), warnings: [schemaMismatch], auditID: 88214, podsChecked: 2, podsVerified: 2,
        replicas: numbers(updated: 2, old: 0))))

  static let diagnosis = Diagnosis(
    summary: "container web in pod hello-6c9d-x2x exits 1 at start (CrashLoopBackOff, 2 restarts)",
    pod: "hello-6c9d-x2x", container: "web", reason: "CrashLoopBackOff", exitCode: 1, terminated: true, restarts: 2,
    events: [
      ClusterEvent(
        at: time("2026-11-24T02:47:20Z"), object: "Pod/hello-6c9d-x2x", type: "Warning", reason: "BackOff",
        message: "Back-off restarting failed container", count: 2)
    ], previousLogTail: "KeyError: 'DB_POOL'\n", node: "a", image: "harbor/octave/hello:v2",
    comparison: "the 2 pods that still serve run hello:v3 on nodes a, b; the failing one has hello:v2 on node a, "
      + "where one of them is too",
    serving: [
      ServingPod(name: "hello-5d-a", image: "harbor/octave/hello:v3", node: "a"),
      ServingPod(name: "hello-5d-b", image: "harbor/octave/hello:v3", node: "b"),
    ])

  static func finished(_ outcome: RolloutOutcome, _ change: (inout RolloutFinished) -> Void = { _ in }) -> RolloutFrame
  {
    var finished = RolloutFinished(
      deploy: with(rollback) { $0.status = .failed }, outcome: outcome, message: "the sentence", elapsed: .seconds(14),
      target: .seconds(30), warnings: [schemaMismatch], auditID: 88214,
      replicas: Replicas(desired: 2, updated: 1, ready: 2, available: 2, old: 2))
    change(&finished)
    return frame(9, "02:47:24", .finished(finished))
  }

  static func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
    var value = value
    change(&value)
    return value
  }
}
