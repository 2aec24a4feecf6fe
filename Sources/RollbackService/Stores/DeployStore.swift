public import RollbackMessages

/// What the service needs of the place where apps and deploys are kept. All times are the store's own clock's.
///
/// Every method may throw ``ServiceError`` with reason `unavailable` when the store cannot be reached; nothing was done
/// then, unless the method says otherwise.
public protocol DeployStore: Sendable {
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
  /// All that the decision about a rollback or deploy rests on, read at one moment; nil when there is no such app.
  /// - Parameter word: how the caller named the deploy to go back to; rows whose id begins so are read too.
  func situation(of nameOrID: String, naming word: String, requestID: String) async throws -> Situation?
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
  /// The newest deploys, newest first; enough of them to choose from.
  public var deploys: [DeployRecord]
  /// Those that the caller's reference names, where it names any by id.
  public var named: [DeployRecord]
  /// The deploy that is under way.
  public var inFlight: InFlight?
  /// The deploy that an earlier call with the same request id made.
  public var sameRequest: DeployRecord?

  public init(
    app: App, deploys: [DeployRecord], named: [DeployRecord], inFlight: InFlight?, sameRequest: DeployRecord?
  ) {
    self.app = app
    self.deploys = deploys
    self.named = named
    self.inFlight = inFlight
    self.sameRequest = sameRequest
  }

  /// The deploy that the app runs by our records.
  public var current: DeployRecord? { deploys.first { $0.current } }
}

/// The deploy of an app that is under way, and who holds it.
public struct InFlight: Hashable, Sendable {
  public var deploy: DeployRecord
  /// The holder's host; nil when the row belongs to another program of the platform.
  public var host: String?
  /// Since it was accepted.
  public var age: Duration

  public init(deploy: DeployRecord, host: String?, age: Duration) {
    self.deploy = deploy
    self.host = host
    self.age = age
  }
}
