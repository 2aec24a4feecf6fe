public import RollbackMessages

/// What the service needs of the place where apps and deploys are kept. All times are the store's own clock's.
///
/// Every method may throw ``ServiceError`` with reason `unavailable` when the store cannot be reached; nothing was done
/// then, unless the method says otherwise.
public protocol DeployStore: EnvironmentStore {
  /// The app of that name or UUID; nil when there is none.
  func app(_ nameOrID: String) async throws -> App?
  /// Apps by name, behind `name`.
  func apps(after name: String, limit: Int) async throws -> [App]
  /// Registers an app and writes its audit row, both or neither; the flag is false when it was there with the same
  /// values, and nothing is written then.
  /// - Throws: `conflict` when the name, or the container, belongs to another.
  func register(_ app: App, by author: AuditedAuthor) async throws -> (app: App, created: Bool)

  /// Deploys of an app, newest first, behind a row. `rollbackable` is set for a current deploy on top of which another
  /// was tried and did not go live, and for no other.
  func deploys(of app: App, after: DeployPosition?, limit: Int, eligibleOnly: Bool) async throws -> [DeployRecord]
  /// One deploy with its app; nil when there is none.
  func deploy(_ id: String) async throws -> (app: App, deploy: DeployRecord)?
  /// All that the decision about a rollback or deploy rests on; nil when there is no such app. Its parts are read side by
  /// side, after ``Situation/newestID``: when that is still the newest deploy, none of them has changed in between.
  /// - Parameter word: how the caller named the deploy to go back to; rows whose id begins so are read too.
  func situation(of nameOrID: String, naming word: String, requestID: String) async throws -> Situation?
  /// Deploys of an app that went live, newest first, behind a row: what ``situation(of:naming:requestID:)`` begins.
  func served(of app: App, behind: DeployPosition, limit: Int) async throws -> ServedDeploys
  /// Times to ready of an app's newest successful rollouts, newest first: of an image, and of any.
  /// - Parameter limits: how many of each.
  func timesToReady(
    of app: App, image: String, limits: (sameImage: Int, anyImage: Int)
  ) async throws -> (sameImage: [Duration], anyImage: [Duration])
  /// From when a deploy was ready to when the next one that went live was; nil where it never served, or still does.
  func timeServed(by deploy: DeployRecord, of app: App) async throws -> Duration?
  /// Migrations of an app that were applied after `deploy` was made, oldest first.
  func migrations(of app: App, since deploy: DeployRecord) async throws -> [Migration]

  /// Records a migration and writes its audit row, both or neither; the flag is false when it was there, and nothing is
  /// written then.
  func record(
    _ migration: Migration, of app: App, by author: AuditedAuthor
  ) async throws -> (migration: Migration, created: Bool)
  /// Migrations of an app, newest first, behind a version.
  func migrations(of app: App, after version: String, limit: Int) async throws -> [Migration]
}

/// Where a page of deploys ends: the key of its last row.
public struct DeployPosition: Hashable, Sendable {
  /// Microseconds since 1970.
  public let createdAt: Int64
  public let id: String

  public init(createdAt: Int64, id: String) {
    self.createdAt = createdAt
    self.id = id
  }
}

/// An app and what happened to it so far.
public struct Situation: Sendable {
  public var app: App
  /// Of the app's newest deploy of any status; empty where there is none.
  public var newestID: String
  /// The current deploy and the newest of those that went live, newest first; or all there are.
  public var deploys: [DeployRecord]
  /// The ids of those of them that a later rollback replaced; nil where `deploys` are all there are, and show it.
  public var rolledBackFrom: Set<String>?
  /// Behind which row older ones that went live go on; nil: there are none.
  public var next: DeployPosition?
  /// The newest deploy that has an image and has ended; nil where `deploys` are all there are, and where it was
  /// reverted: then nothing is left of it.
  public var newest: DeployRecord?
  /// Those that the caller's reference names, where it names any by id.
  public var named: [DeployRecord]
  /// The deploy that is under way.
  public var inFlight: InFlight?
  /// The deploy that an earlier call with the same request id made.
  public var sameRequest: DeployRecord?

  public init(
    app: App, newestID: String, deploys: [DeployRecord], named: [DeployRecord], inFlight: InFlight?,
    sameRequest: DeployRecord?, rolledBackFrom: Set<String>? = nil, next: DeployPosition? = nil,
    newest: DeployRecord? = nil
  ) {
    self.newest = newest
    self.newestID = newestID
    self.app = app
    self.rolledBackFrom = rolledBackFrom
    self.next = next
    self.deploys = deploys
    self.named = named
    self.inFlight = inFlight
    self.sameRequest = sameRequest
  }

  /// The deploy that the app runs by our records.
  public var current: DeployRecord? { deploys.first { $0.current } }

  /// The deploy that failed or was cancelled after the current one went live, if that is the newest: its image may be
  /// what the cluster is on.
  var unsettled: DeployRecord? {
    let ended = newest ?? deploys.first { $0.status != .building && $0.status != .deploying }
    guard let current, let ended, ended.status == .failed || ended.status == .cancelled,
      ended.imageRef != current.imageRef
    else { return nil }
    return ended
  }

  mutating func add(_ older: ServedDeploys) {
    deploys += older.deploys
    rolledBackFrom = (rolledBackFrom ?? []).union(older.rolledBackFrom)
    next = older.next
  }
}

/// A stretch of the deploys of an app that went live.
public struct ServedDeploys: Sendable {
  /// Newest first.
  public var deploys: [DeployRecord]
  /// The ids of those of them that a later rollback replaced.
  public var rolledBackFrom: Set<String>
  /// Behind which row older ones that went live go on; nil: there are none.
  public var next: DeployPosition?

  public init(deploys: [DeployRecord], rolledBackFrom: Set<String>, next: DeployPosition?) {
    self.deploys = deploys
    self.rolledBackFrom = rolledBackFrom
    self.next = next
  }
}

/// The deploy of an app that is under way, and who holds it.
public struct InFlight: Hashable, Sendable {
  public var deploy: DeployRecord
  /// The holder's host; nil when the row belongs to another program of the platform.
  public var host: String?
  /// Since it was accepted.
  public var age: Duration
  /// Who began it, in words; empty where nobody knows.
  public var actor: String
  /// What its newest stored progress frame says; empty without one.
  public var progress: String

  public init(deploy: DeployRecord, host: String?, age: Duration, actor: String = "", progress: String = "") {
    self.deploy = deploy
    self.host = host
    self.age = age
    self.actor = actor
    self.progress = progress
  }
}
