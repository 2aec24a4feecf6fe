import RollbackMessages
import Testing

@testable import rollbackctl

/// The names of fields are a public contract: whoever changes one of these breaks somebody's script.
@Suite("JSON fields")
struct JSONFieldTests {
  private let time = Timestamp(seconds: 1_795_488_430, nanoseconds: 125_000_999)

  private var deploy: DeployRecord {
    DeployRecord(
      id: "i", app: "a", imageRef: "r", imageDigest: "d", status: .live,
      replicas: Replicas(desired: 1, updated: 2, ready: 3, available: 4, old: 5), createdAt: time, finishedAt: time,
      timeToReady: .milliseconds(26_134), actorID: "ci", reason: "why", rollbackOf: "o",
      warnings: [Warning(code: "c", message: "m", details: ["x"])], current: true, rollbackable: false,
      notRollbackableReason: "no", migrationsSince: 7, imageRetainedUntil: time, requestID: "q")
  }

  private static let deployFields = """
    "id":"i","app":"a","image_ref":"r","image_digest":"d","status":"live",\
    "replicas":{"desired":1,"updated":2,"ready":3,"available":4,"old":5},\
    "created_at":"2026-11-24T02:47:10.125000Z","finished_at":"2026-11-24T02:47:10.125000Z","time_to_ready":26.134,\
    "actor_id":"ci","reason":"why","rollback_of":"o","warnings":[{"code":"c","message":"m","details":["x"]}],\
    "current":true,"rollbackable":false,"not_rollbackable_reason":"no","migrations_since":7,\
    "image_retained_until":"2026-11-24T02:47:10.125000Z","request_id":"q"
    """
  private static let emptyDeploy = """
    {"id":"","app":"","image_ref":"","image_digest":null,"status":"unspecified","replicas":null,"created_at":null,\
    "finished_at":null,"time_to_ready":null,"actor_id":null,"reason":null,"rollback_of":null,"warnings":[],\
    "current":false,"rollbackable":false,"not_rollbackable_reason":null,"migrations_since":0,\
    "image_retained_until":null,"request_id":null}
    """

  @Test func `of a deploy`() {
    #expect(deploy.json.line == "{" + Self.deployFields + "}")
    #expect(DeployRecord().json.line == Self.emptyDeploy)
  }

  @Test func `of a page of deploys`() {
    #expect(
      ListDeploysResponse(deploys: [DeployRecord()], nextPageToken: "t", defaultTarget: "d", undoes: "u").json.line
        == #"{"deploys":["# + Self.emptyDeploy + #"],"next_page_token":"t","default_target":"d","undoes":"u"}"#)
  }

  @Test func `of an accepted frame`() {
    let frame = RolloutFrame(
      seq: 1, at: time,
      kind: .accepted(
        RolloutAccepted(
          deploy: deploy, from: DeployRecord(), target: nil, warnings: [Warning(code: "c")], auditID: 88213,
          namespace: "n", deployment: "d", container: "w", joined: true, imageCheck: "present",
          targetLiveFor: .seconds(9))))
    #expect(
      frame.json(deployID: "i").line == """
        {"type":"accepted","seq":1,"at":"2026-11-24T02:47:10.125000Z","deploy_id":"i","deploy":{\(Self.deployFields)},\
        "warnings":[{"code":"c","message":"","details":[]}],"from":\(Self.emptyDeploy),"target":null,\
        "audit_id":88213,"namespace":"n","deployment":"d","container":"w","joined":true,"undoes":null,\
        "image_check":"present","target_live_for":9.000}
        """)
  }

  @Test func `of a progress frame`() {
    let frame = RolloutFrame(
      seq: 2, at: time,
      kind: .progress(
        RolloutProgress(
          phase: .rolling, replicas: Replicas(desired: 2),
          pods: [
            PodState(
              name: "p", ready: true, restarts: 1, state: "ready", message: "",
              containers: [ContainerState(name: "c", ready: false, restarts: 2, state: "Error")])
          ], message: "m", elapsed: .milliseconds(1500), trouble: "t")))
    #expect(
      frame.json(deployID: "").line == """
        {"type":"progress","seq":2,"at":"2026-11-24T02:47:10.125000Z","deploy_id":null,"phase":"rolling",\
        "message":"m","replicas":{"desired":2,"updated":0,"ready":0,"available":0,"old":0},\
        "pods":[{"name":"p","ready":true,"restarts":1,"state":"ready","message":null,"containers":[{"name":"c",\
        "ready":false,"restarts":2,"state":"Error"}]}],"elapsed":1.500,"trouble":"t"}
        """)
  }

  @Test func `of a finished frame`() {
    let frame = RolloutFrame(
      seq: 3, at: time,
      kind: .finished(
        RolloutFinished(
          deploy: DeployRecord(), outcome: .timedOut, message: "m",
          diagnosis: Diagnosis(
            summary: "s", pod: "p", container: "w", reason: "CrashLoopBackOff", exitCode: 1, terminated: true,
            restarts: 2,
            events: [ClusterEvent(at: time, object: "Pod/p", type: "Warning", reason: "r", message: "m", count: 3)],
            logTail: "l", previousLogTail: "pl", node: "no", image: "im", comparison: "co",
            serving: [ServingPod(name: "s", image: "si", node: "sn", restarts: 3, updated: true)], probe: "pr",
            notes: ["n1"]), elapsed: .seconds(14), target: .seconds(30), warnings: [],
          auditID: 0, podsChecked: 2, podsVerified: 1, replicas: nil, leftOn: "x")))
    #expect(
      frame.json(deployID: "i").line == """
        {"type":"finished","seq":3,"at":"2026-11-24T02:47:10.125000Z","deploy_id":"i","deploy":\(Self.emptyDeploy),\
        "warnings":[],"outcome":"timed_out","message":"m","diagnosis":{"summary":"s","pod":"p","container":"w",\
        "reason":"CrashLoopBackOff","exit_code":1,"restarts":2,"events":[{"at":"2026-11-24T02:47:10.125000Z",\
        "object":"Pod/p","type":"Warning","reason":"r","message":"m","count":3}],"log_tail":"l",\
        "previous_log_tail":"pl","node":"no","image":"im","comparison":"co","serving":[{"name":"s","image":"si",\
        "node":"sn","restarts":3,"updated":true}],"probe":"pr","notes":["n1"]},"elapsed":14.000,\
        "elapsed_target":30.000,"audit_id":null,"pods_checked":2,"pods_verified":1,"replicas":null,"left_on":"x"}
        """)
  }

  @Test func `of a plan and of a cancelled deploy`() {
    #expect(
      PlanRollbackResponse(allowed: true, estimate: .seconds(24), namespace: "n").json(error: nil).line == """
        {"from":null,"target":null,"allowed":true,"refusal_reason":null,"refusal_message":null,"warnings":[],\
        "estimate":24.000,"namespace":"n","deployment":null,"container":null,"image":null,"image_check":null,\
        "not_restored":[],"estimate_rollouts":0,"estimate_same_image":false,"target_live_for":null,"undoes":null,\
        "in_flight":null,"in_flight_host":null,"error":null}
        """)
    #expect(CancelDeployResponse(leftOn: "x").json.line == #"{"deploy":null,"left_on":"x"}"#)
  }

  @Test func `of audit events and the chain`() {
    let event = AuditEvent(
      id: 7, createdAt: time, actorID: "", action: "deploy.rollback", targetID: "t",
      detailsJSON: #"{"image_ref": "r", "n": 1.50e3, "deep": [true, null]}"#, prevHash: [], hash: [0x0A, 0xFF])
    #expect(
      event.json.line == """
        {"id":7,"created_at":"2026-11-24T02:47:10.125000Z","actor_id":null,"action":"deploy.rollback",\
        "target_id":"t","details":{"image_ref":"r","n":1.50e3,"deep":[true,null]},"prev_hash":null,"hash":"0aff"}
        """)
    var bytes = JSONBytes()
    event.write(to: &bytes)
    #expect(String(decoding: bytes.bytes, as: UTF8.self) == event.json.line)
    #expect(
      VerifyAuditResponse(intact: false, rows: 3, unchainedRows: 1, headID: 9, headHash: [1], firstBadID: 4).json.line
        == """
        {"intact":false,"rows":3,"unchained_rows":1,"head_id":9,"head_hash":"01","first_bad_id":4,"problem":null}
        """)
  }

  @Test func `of apps and migrations`() {
    #expect(
      App(id: "i", name: "hello", namespace: "n", deployment: "d", container: "c", createdAt: time).json.line == """
        {"id":"i","name":"hello","namespace":"n","deployment":"d","container":"c",\
        "created_at":"2026-11-24T02:47:10.125000Z"}
        """)
    #expect(
      Migration(version: "0042", name: "", appliedAt: nil).json.line
        == #"{"version":"0042","name":null,"applied_at":null}"#)
  }

  @Test func `of health`() {
    let health = GetHealthResponse(
      state: .degraded, version: "1", host: "h", startedAt: time, uptime: .seconds(5),
      database: DatabaseHealth(state: .ok, schemaVersion: 3, inUse: 1, idle: 2, maximum: 8, waiting: 0, opened: 4),
      cluster: ClusterHealth(state: .down, message: "m", server: "s", version: "v"),
      registry: RegistryHealth(state: .notConfigured),
      running: [RunningOperation(deployID: "d", app: "a", since: time, host: "h", progress: "p")],
      timeToReady: TimeToReady(count: 2, metTarget: 1, median: .seconds(20), maximum: .seconds(40)), connections: 6)
    #expect(
      health.json.line == """
        {"state":"degraded","version":"1","host":"h","started_at":"2026-11-24T02:47:10.125000Z","uptime":5.000,\
        "connections":6,"database":{"state":"ok","message":null,"schema_version":3,"in_use":1,"idle":2,"maximum":8,\
        "waiting":0,"opened":4},"cluster":{"state":"down","message":"m","server":"s","version":"v"},\
        "registry":{"state":"not_configured","message":null},"running":[{"deploy_id":"d","app":"a",\
        "since":"2026-11-24T02:47:10.125000Z","host":"h","progress":"p"}],"time_to_ready":{"count":2,"met_target":1,\
        "median":20.000,"maximum":40.000}}
        """)
    let blind = GetHealthResponse(database: DatabaseHealth(state: .down))
    #expect(blind.json["database"]?["schema_version"] == .null)
  }
}
