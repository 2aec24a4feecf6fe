internal import FoundationEssentials
internal import Postgres
internal import RollbackMessages

/// A row of `paas_deployments` with what is computed beside it.
enum DeployRow {
  /// Select list over `paas_deployments d` joined with `paas_apps a`; ``read(_:from:)`` goes by its order.
  static let columns = """
    d.id, a.name, d.image_ref, d.image_digest, d.status, d.replicas_desired, d.replicas_updated, d.replicas_ready,
    d.replicas_available, d.created_at, d.finished_at, d.time_to_ready_ms, d.actor_id, d.reason, d.rollback_of,
    d.warnings, d.current, d.not_rollbackable_reason, d.image_retained_until, d.request_id,
    (SELECT count(*) FROM paas_migrations_applied m WHERE m.app_id = d.app_id AND m.applied_at > d.created_at),
    d.current AND \(isOvertaken)
    """
  /// Whether another deploy was tried on top of `d`, and what `d` had was not put back.
  ///
  /// Asked by the index, with a LIMIT: an EXISTS is planned as a scan of the whole table, which ends early only where
  /// there is one.
  static let isOvertaken = """
    coalesce((
      SELECT n.created_at > d.created_at AND n.outcome IS DISTINCT FROM 'reverted' FROM paas_deployments n
      WHERE n.app_id = d.app_id AND n.status NOT IN ('building', 'deploying')
      ORDER BY n.created_at DESC, n.id LIMIT 1), false)
    """
  /// How many columns that is.
  static let columnCount = 22

  /// The payload of a deploy's newest progress frame, over `paas_deployments d`.
  static let newestProgress = """
    (SELECT e.payload FROM paas_rollout_events e WHERE e.deploy_id = d.id AND e.kind = 'progress'
      ORDER BY e.seq DESC LIMIT 1)
    """

  /// - Parameter first: the column with which the list begins.
  static func read(_ row: PostgresRow, from first: Int = 0) throws -> DeployRecord {
    let time = try row.decode(first + 11, as: Int64?.self)
    let warnings = try JSONText.decode(row.string(first + 15), as: [StoredWarning].self)
    return DeployRecord(
      id: try row.uuid(first).lowercased, app: try row.string(first + 1), imageRef: try row.string(first + 2),
      imageDigest: try row.decode(first + 3, as: String?.self) ?? "",
      status: DeployStatus(word: try row.string(first + 4)) ?? .unspecified,
      replicas: Replicas(
        desired: try count(row, first + 5), updated: try count(row, first + 6), ready: try count(row, first + 7),
        available: try count(row, first + 8)),
      createdAt: Timestamp(microseconds: try row.timestamp(first + 9).microsecondsSince1970),
      finishedAt: try row.decode(first + 10, as: PostgresTimestamp?.self).map(Timestamp.init),
      timeToReady: time.map { .milliseconds($0) }, actorID: try row.decode(first + 12, as: String?.self) ?? "",
      reason: try row.decode(first + 13, as: String?.self) ?? "",
      rollbackOf: try row.decode(first + 14, as: UUID?.self)?.lowercased ?? "",
      warnings: warnings.map { Warning(code: $0.code, message: $0.message, details: $0.details ?? []) },
      current: try row.bool(first + 16),
      // The template has the image of what was tried after it, so this one can be gone back to.
      rollbackable: try row.bool(first + 21),
      notRollbackableReason: try row.decode(first + 17, as: String?.self) ?? "",
      migrationsSince: UInt32(clamping: try row.int(first + 20)),
      imageRetainedUntil: try row.decode(first + 18, as: PostgresTimestamp?.self).map(Timestamp.init),
      requestID: try row.decode(first + 19, as: String?.self) ?? "")
  }

  private static func count(_ row: PostgresRow, _ column: Int) throws -> UInt32 {
    UInt32(clamping: try row.int(column))
  }
}

/// A row of `paas_apps`.
enum AppRow {
  /// Select list over `paas_apps a`.
  static let columns = "a.id, a.name, a.namespace, a.deployment, a.container, a.created_at"
  static let columnCount = 6

  static func read(_ row: PostgresRow, from first: Int = 0) throws -> App {
    App(
      id: try row.uuid(first).lowercased, name: try row.string(first + 1), namespace: try row.string(first + 2),
      deployment: try row.string(first + 3), container: try row.string(first + 4),
      createdAt: Timestamp(try row.timestamp(first + 5)))
  }
}

extension UUID {
  /// As it travels and is compared.
  var lowercased: String { uuidString.lowercased() }
}

extension Timestamp {
  init(_ time: PostgresTimestamp) {
    self.init(microseconds: time.microsecondsSince1970)
  }
}
