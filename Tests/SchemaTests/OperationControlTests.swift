import Logging
import DevServices
import FoundationEssentials
import Postgres
import ProtobufC
import RollbackMessages
import RollbackService
import Testing

@testable import RollbackDaemon

/// Who may end an operation, who holds it, and what nobody can slip between: on a real PostgreSQL.
@Suite("Control of operations", .timeLimit(.minutes(2)))
struct OperationControlTests {
  @Test func aCancellationReachesTheHolderWithItsRenewalAndIsAuditedOnce() async throws {
    try await withHosts { a, b, app in
      let (deploy, lease) = try await begin(a, app)
      #expect(try await a.renew(lease)?.cancellation == nil)
      guard case .requested("host-a") = try await b.requestCancel(cancel(deploy.id)) else {
        Issue.record("not requested")
        return
      }
      guard case .requested("host-a") = try await b.requestCancel(cancel(deploy.id, by: "other")) else {
        Issue.record("not joined")
        return
      }
      #expect(try await a.renew(lease)?.cancellation?.by == "ops")
      let frame = try await a.finish(outcome(.cancelled, app, plan()), of: lease, after: []) { row, id in
        RolloutFrame(seq: 2, kind: .finished(RolloutFinished(deploy: row, outcome: .cancelled, auditID: id)))
      }
      #expect(frame != nil)
      guard case .ended(let row) = try await b.requestCancel(cancel(deploy.id)) else {
        Issue.record("not ended")
        return
      }
      #expect(row.status == .cancelled)
      #expect(try await actions(a) == ["deploy.create", "deploy.cancel", "deploy.create.cancelled"])
      guard case .unknown = try await b.requestCancel(cancel(UUID().lowercased)) else {
        Issue.record("not unknown")
        return
      }
    }
  }

  @Test func aRowWithoutALeaseIsEndedAndSaidToBeAnothers() async throws {
    try await withHosts { a, _, app in
      let id = UUID()
      try await a.client.query(
        """
        INSERT INTO paas_deployments (id, app_id, image_ref, status, actor_id)
        VALUES ($1, $2, 'r/hello:building', 'building', 'ci')
        """, [.uuid(id), .uuid(UUID(uuidString: app.id))])
      let inFlight = try #require(try await a.deploys.inFlight(of: app.name))
      #expect(inFlight.host == nil && inFlight.actor == "ci")
      guard case .endedRow(_, let row) = try await a.requestCancel(cancel(id.lowercased)) else {
        Issue.record("not ended")
        return
      }
      #expect(row.status == .cancelled && row.finishedAt != nil)
      #expect(try await actions(a) == ["deploy.cancel", "deploy.create.cancelled"])
      guard case .finished(let last)? = try await a.newestFrame(of: id.lowercased)?.kind else {
        Issue.record("no frame")
        return
      }
      #expect(last.outcome == .cancelled)
      let outcomes = try await a.client.read(
        "SELECT id FROM paas_audit_events WHERE action = 'deploy.create.cancelled'")
      #expect(try outcomes.map { try $0.int(0) } == [Int(last.auditID)])
    }
  }

  /// One transaction: the old one's outcome, its holder fenced off, the new one's intent.
  @Test func takingThePlaceFencesTheOldHolderOff() async throws {
    try await withHosts { a, b, app in
      let (old, lease) = try await begin(a, app)
      try await a.append([RolloutFrame(seq: 1, kind: .progress(RolloutProgress(message: "1 of 2")))], of: lease)
      #expect(try await a.deploys.inFlight(of: app.name)?.progress == "1 of 2")
      #expect(try await a.deploys.inFlight(of: app.name)?.actor == "root (uid 0)")
      let (new, newLease) = try await begin(b, app, replacing: old.id)
      #expect(new.status == .deploying && newLease.fencingToken == 1)

      #expect(try await a.renew(lease) == nil)
      #expect(try await !a.recordRevert(revert, of: lease))
      try await a.append([RolloutFrame(seq: 2, kind: .progress(RolloutProgress(message: "stale")))], of: lease)
      let stale = try await a.finish(outcome(.succeeded, app, plan()), of: lease, after: []) { row, id in
        RolloutFrame(seq: 3, kind: .finished(RolloutFinished(deploy: row, auditID: id)))
      }
      #expect(stale == nil)
      try await a.release(lease)

      let frames = try await b.frames(of: old.id, from: 1, limit: 10)
      #expect(frames.map(\.seq) == [1, 1 + RolloutFeed.takeoverGap])
      #expect(try await b.deploys.deploy(old.id)?.deploy.status == .cancelled)
      #expect(
        try await actions(a) == ["deploy.create", "deploy.cancel", "deploy.create.cancelled", "deploy.create"])
      let leases = try await a.client.read("SELECT deploy_id::text FROM paas_operation_leases").map { try $0.string(0) }
      #expect(leases == [new.id])
    }
  }

  @Test func thePlaceOfAnotherDeployThanWasShownIsAConflict() async throws {
    try await withHosts { a, b, app in
      let (old, _) = try await begin(a, app)
      let intent = intent(app, after: old.id, replacing: UUID().lowercased)
      guard case .conflict(let inFlight) = try await b.begin(intent) else {
        Issue.record("no conflict")
        return
      }
      #expect(inFlight.deploy.id == old.id && inFlight.host == "host-a")
      #expect(try await actions(a) == ["deploy.create"])
    }
  }

  /// By SQL, past the lease: the outcome hits no row, and what is current stays so.
  @Test func anOutcomeOfADeployThatOthersEndedChangesNothing() async throws {
    try await withHosts { a, _, app in
      let (first, lease) = try await begin(a, app)
      _ = try await a.finish(outcome(.succeeded, app, plan()), of: lease, after: []) { row, id in
        RolloutFrame(seq: 1, kind: .finished(RolloutFinished(deploy: row, auditID: id)))
      }
      guard case .started(let second, let held, _) = try await a.begin(intent(app, after: first.id)) else {
        Issue.record("not begun")
        return
      }
      try await a.client.query(
        "UPDATE paas_deployments SET status = 'failed' WHERE id = $1", [.uuid(UUID(uuidString: second.id))])
      let before = try await actions(a)
      let frame = try await a.finish(outcome(.succeeded, app, plan()), of: held, after: []) { row, id in
        RolloutFrame(seq: 1, kind: .finished(RolloutFinished(deploy: row, auditID: id)))
      }
      #expect(frame == nil)
      #expect(try await actions(a) == before)
      let current = try #require(try await a.deploys.deploy(first.id)).deploy
      #expect(current.current && current.status == .live)
      let leases = try await a.client.read("SELECT FROM paas_operation_leases")
      #expect(leases.isEmpty, "nobody would ever take it")
    }
  }

  @Test func framesThatWereHeldAreStoredWithTheOutcome() async throws {
    try await withHosts { a, b, app in
      let (deploy, lease) = try await begin(a, app)
      let held = (1...3).map { RolloutFrame(seq: $0, kind: .progress(RolloutProgress(message: "\($0)"))) }
      try await a.append([held[1]], of: lease)
      _ = try await a.finish(outcome(.failed, app, plan()), of: lease, after: held) { row, id in
        RolloutFrame(seq: 4, kind: .finished(RolloutFinished(deploy: row, auditID: id)))
      }
      #expect(try await b.frames(of: deploy.id, from: 1, limit: 10).map(\.seq) == [1, 2, 3, 4])
    }
  }

  /// What was decided rests on the history as it was read: whatever came since may make it wrong.
  @Test func whatWasDecidedOnAnOlderHistoryIsNotBegun() async throws {
    try await withHosts { a, b, app in
      let early = intent(app, after: "")
      let (deploy, lease) = try await begin(a, app)
      let late = intent(app, after: deploy.id)
      _ = try await a.finish(outcome(.succeeded, app, plan()), of: lease, after: []) { row, id in
        RolloutFrame(seq: 1, kind: .finished(RolloutFinished(deploy: row, auditID: id)))
      }
      let before = try await actions(a)
      guard case .decidedTooEarly = try await b.begin(early) else {
        Issue.record("begun, though another deploy has come and gone")
        return
      }
      #expect(try await actions(a) == before, "nothing is written")
      guard case .started = try await b.begin(late) else {
        Issue.record("not begun")
        return
      }
    }
  }

  /// It has succeeded, say: then there is nothing to take the place of, and the way back is another one.
  @Test func aPlaceThatHasBecomeFreeByItselfIsLookedAtAgain() async throws {
    try await withHosts { a, b, app in
      let (old, lease) = try await begin(a, app)
      _ = try await a.finish(outcome(.succeeded, app, plan()), of: lease, after: []) { row, id in
        RolloutFrame(seq: 1, kind: .finished(RolloutFinished(deploy: row, auditID: id)))
      }
      guard case .decidedTooEarly = try await b.begin(intent(app, after: old.id, replacing: old.id)) else {
        Issue.record("begun")
        return
      }
      #expect(try await actions(a) == ["deploy.create", "deploy.create.succeeded"])
    }
  }

  @Test func aPlaceIsNotTakenForWhatIsNotBegun() async throws {
    try await withHosts { a, b, app in
      let (old, lease) = try await begin(a, app)
      guard case .conflict = try await b.begin(intent(app, after: UUID().lowercased, replacing: old.id)) else {
        Issue.record("no conflict")
        return
      }
      #expect(try await a.renew(lease) != nil, "it goes on")
      #expect(try await actions(a) == ["deploy.create"])
    }
  }

  /// The first call's answer was lost, and its deploy has ended since.
  @Test func aRepeatedCallJoinsWhateverHasComeSince() async throws {
    try await withHosts { a, b, app in
      let first = intent(app, after: "")
      guard case .started(let deploy, let lease, _) = try await a.begin(first) else {
        Issue.record("not begun")
        return
      }
      _ = try await a.finish(outcome(.succeeded, app, first.plan), of: lease, after: []) { row, id in
        RolloutFrame(seq: 1, kind: .finished(RolloutFinished(deploy: row, auditID: id)))
      }
      var again = first
      again.deployID = UUID().lowercased
      guard case .joined(let earlier) = try await b.begin(again) else {
        Issue.record("not joined")
        return
      }
      #expect(earlier.id == deploy.id)
    }
  }

  /// Eight hosts want the same place: one gets it, the others see who.
  @Test func onePlaceIsTakenOnce() async throws {
    try await withHosts(connections: 10) { a, b, app in
      let (old, _) = try await begin(a, app)
      let started = try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<8 {
          let intent = intent(app, after: old.id, replacing: old.id)
          group.addTask {
            if case .started = try await b.begin(intent) { return true }
            return false
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(started == 1)
      #expect(try await actions(a).filter { $0 == "deploy.create.cancelled" }.count == 1)
    }
  }

  @Test func aLeaseThatIsGivenAwayIsClaimedAtOnceWithAllThatItsHolderBegan() async throws {
    try await withHosts { a, b, app in
      let (deploy, lease) = try await begin(a, app)
      #expect(try await b.claimExpired(limit: 4, except: []).isEmpty)
      #expect(try await a.recordRevert(revert, of: lease))
      _ = try await b.requestCancel(cancel(deploy.id))
      try await a.release(lease)
      #expect(try await b.claimExpired(limit: 4, except: [deploy.id]).isEmpty, "who runs it renews it himself")
      let claimed = try #require(try await b.claimExpired(limit: 4, except: [UUID().lowercased]).first)
      #expect(claimed.isHandedOver && claimed.previousHost == "host-a")
      #expect(claimed.lease.fencingToken == 2)
      #expect(claimed.revert == revert)
      #expect(claimed.cancellation?.by == "ops")
      #expect(claimed.plan == plan())
      #expect(try await a.renew(lease) == nil)
      try await a.client.query("UPDATE paas_operation_leases SET expires_at = clock_timestamp()")
      let again = try #require(try await a.claimExpired(limit: 4, except: []).first)
      #expect(!again.isHandedOver)
    }
  }

  /// What an older daemon stored has none of the newer fields.
  @Test func aPlanOfAnOlderVersionIsTakenOver() async throws {
    try await withHosts { a, b, app in
      let (_, lease) = try await begin(a, app)
      try await a.client.query(
        """
        UPDATE paas_deployments SET operation = operation - 'peer' - 'previousImage' - 'revertImage' - 'deploymentUID'
        """)
      try await a.release(lease)
      let claimed = try #require(try await b.claimExpired(limit: 4, except: []).first)
      #expect(claimed.plan.image == plan().image)
      #expect(claimed.plan.peer == nil && claimed.plan.revertImage == nil)
    }
  }

  @Test func whatOneHostDoesTheOtherHears() async throws {
    try await withHosts(connections: 6) { a, b, app in
      let (heard, tell) = AsyncStream.makeStream(of: OperationSignal.self)
      let (deploy, lease) = try await begin(a, app)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await b.listen { tell.yield($0) } }
        var signals = heard.makeAsyncIterator()
        #expect(await signals.next() == .listening)
        _ = try await a.requestCancel(cancel(deploy.id))
        #expect(await signals.next() == .cancelRequested(deployID: deploy.id))
        try await a.release(lease)
        #expect(await signals.next() == .released(deployID: deploy.id))
        // Whichever program ends a row.
        try await a.client.query("UPDATE paas_deployments SET status = 'failed'")
        #expect(await signals.next() == .ended(deployID: deploy.id, appID: app.id))
        group.cancelAll()
      }
    }
  }

  @Test(arguments: ["", "ended", "ended x y", "later \(UUID())", "cancel not-an-id"])
  func aNotificationOfALaterVersionIsPassedOver(payload: String) {
    #expect(SignalChannel.signal(payload) == nil)
  }

  // MARK: Parts

  private let revert = RevertRecord(
    kind: "failed", sentence: "web exits 1", cause: "doomed", failedImage: "r/hello:v3")
  private let caller = Caller(processID: 1, userID: 0, groupID: 0, userName: "root")

  private func plan() -> OperationPlan {
    OperationPlan(
      image: "r/hello:v3", requestID: "", isRollback: false, timeout: 1, soak: 0, failFast: true, fromDeployID: "",
      targetDeployID: "", actorID: nil, peer: "root (uid 0)", previousImage: "r/hello:v2", revertImage: "r/hello:v2",
      deploymentUID: "uid-1")
  }

  private func cancel(_ id: String, by name: String = "ops") -> CancelIntent {
    CancelIntent(
      deployID: id, cancellation: Cancellation(by: name, actorID: nil, reason: "why"), peer: caller,
      message: "cancelled by \(name)", lastFrame: Self.lastFrame)
  }

  private static let lastFrame: LastFrame = { row, id, sequence in
    RolloutFrame(seq: sequence, kind: .finished(RolloutFinished(deploy: row, outcome: .cancelled, auditID: id)))
  }

  private func intent(_ app: App, after newest: String, replacing old: String? = nil) -> OperationIntent {
    var plan = plan()
    plan.requestID = UUID().lowercased
    return OperationIntent(
      deployID: UUID().lowercased, app: app, imageRef: plan.image, imageDigest: "", plan: plan, actorID: nil,
      reason: "", warnings: [], peer: caller, newestKnown: newest,
      replacing: old.map {
        Replacement(
          deployID: $0, cancellation: Cancellation(by: "ops", actorID: nil, reason: ""), message: "replaced",
          lastFrame: Self.lastFrame)
      })
  }

  private func begin(
    _ store: PostgresOperationStore, _ app: App, replacing old: String? = nil
  ) async throws -> (RollbackMessages.DeployRecord, Lease) {
    var intent = intent(app, after: try await store.deploys.newestID(of: app.name), replacing: old)
    if old == nil { intent.plan = plan() }
    guard case .started(let deploy, let lease, _) = try await store.begin(intent) else {
      throw ServiceError(.internal, "not started")
    }
    return (deploy, lease)
  }

  private func outcome(_ kind: RolloutOutcome, _ app: App, _ plan: OperationPlan) -> RecordedOutcome {
    RecordedOutcome(
      app: app, plan: plan, outcome: kind, message: "m", replicas: Replicas(), timeToReady: nil, warnings: [])
  }

  private func actions(_ store: PostgresOperationStore) async throws -> [String] {
    // The app's own registration comes first, everywhere.
    try await store.client.read("SELECT action FROM paas_audit_events WHERE action <> 'app.register' ORDER BY id").map {
      try $0.string(0)
    }
  }

  /// The stores of two hosts, and an app.
  private func withHosts(
    connections: Int = 4,
    _ body: (PostgresOperationStore, PostgresOperationStore, App) async throws -> Void
  ) async throws {
    try await withDatabase(connections: connections) { client, _ in
      let deploys = PostgresDeployStore(client: client, host: "host-a")
      let (app, _) = try await deploys.register(
        App(name: "hello", namespace: "octave", deployment: "hello", container: "hello"),
        by: AuditedAuthor(caller: Caller(processID: 1, userID: 0, groupID: 0), actorID: nil))
      func store(_ host: String) -> PostgresOperationStore {
        PostgresOperationStore(
          client: client, deploys: deploys, codec: ProtobufCodec(), host: host, instance: UUID(),
          leaseDuration: .seconds(15), userName: { _ in nil },
          log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      }
      try await body(store("host-a"), store("host-b"), app)
    }
  }
}
