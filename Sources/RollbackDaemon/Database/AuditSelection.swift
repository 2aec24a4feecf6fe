internal import Postgres
internal import RollbackService

/// A query for audit events: only the conditions that are asked for, each by an index that goes by `id`, so that a page
/// costs the same however long the trail is.
///
/// Two conditions need more than an index:
///
/// - *Time.* Pages go by `id`, and so does time along the chain, as long as the database's clock runs forward. So the
///   span is turned into a span of ids first. A clock that was set back puts some rows out of order: the outermost
///   thousand rows of the span are looked at for its bounds, and the times themselves are compared all the same.
/// - *The beginning of an action.* There are few actions. They are found one by one in the index, each gives its newest
///   ids, and the newest of those are taken, each row by its key (the LIMIT keeps the planner from a join).
struct AuditSelection {
  private(set) var sql = ""
  private(set) var parameters: [PostgresValue] = []
  private var conditions: [String] = []

  /// A platform's own table may have rows without details.
  private static let columns = """
    id::bigint, created_at, actor_id::text, action::text, target_id::text, \
    coalesce(details_jsonb, '{}'), prev_hash, hash
    """
  /// By bytes, as its index is.
  private static let action = #"action::text COLLATE "C""#
  /// An order that the filters' indexes have and the primary key has not (the migration "audit reading" tells why).
  private static let newestOfFilter = "id DESC NULLS LAST"
  /// How many rows may be out of the order of time.
  private static let disorder = 1000

  init(_ filter: AuditFilter, limit: Int) {
    add("details_jsonb ->> 'app_id' = ", filter.appID.map { .text($0) })
    add("actor_id::text = ", filter.actorID.map { .text($0) })
    add("target_id::text = ", filter.targetID.map { .text($0) })
    let isNarrow = !conditions.isEmpty
    if let since = filter.since.map({ PostgresTimestamp(microsecondsSince1970: $0) }) {
      addTime("created_at >= \(bind(.timestamptz(since)))", first: true)
    }
    if let until = filter.until.map({ PostgresTimestamp(microsecondsSince1970: $0) }) {
      addTime("created_at < \(bind(.timestamptz(until)))", first: false)
    }
    add("id < ", filter.before.map { .int8($0) })
    add("id > ", filter.after.map { .int8($0) })
    let action = filter.action.map { bind(.text($0)) }
    let count = "LIMIT \(bind(.int8(Int64(limit))))"
    if let action, filter.isActionPrefix, !isNarrow, filter.after == nil {
      sql = byBeginning(action, count)
      return
    }
    if let action {
      conditions.append(filter.isActionPrefix ? "starts_with(action::text, \(action))" : "\(Self.action) = \(action)")
    }
    let order =
      if filter.after != nil {
        // What is new is little, and at the end of the primary key.
        "id"
      } else if isNarrow || action != nil {
        Self.newestOfFilter
      } else {
        "id DESC"
      }
    sql = "SELECT \(Self.columns) FROM paas_audit_events\(clause) ORDER BY \(order) \(count)"
  }

  private var clause: String { conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ") }

  /// - Returns: how the statement names the parameter.
  private mutating func bind(_ value: PostgresValue) -> String {
    parameters.append(value)
    return "$\(parameters.count)"
  }

  private mutating func add(_ condition: String, _ value: PostgresValue?) {
    guard let value else { return }
    conditions.append(condition + bind(value))
  }

  private mutating func addTime(_ condition: String, first: Bool) {
    let direction = first ? "" : " DESC"
    // No row in the span: bounds between which no row is.
    let bound = first ? "coalesce(min(id), 9223372036854775807)" : "coalesce(max(id), -9223372036854775807)"
    conditions.append(condition)
    conditions.append(
      """
      id \(first ? ">=" : "<=") (SELECT \(bound) FROM (SELECT id FROM paas_audit_events WHERE \(condition) \
      ORDER BY created_at\(direction), id\(direction) LIMIT \(Self.disorder)) edge)
      """)
  }

  private func byBeginning(_ beginning: String, _ count: String) -> String {
    """
    WITH RECURSIVE actions (action) AS (
      (SELECT \(Self.action) FROM paas_audit_events WHERE \(Self.action) >= \(beginning) ORDER BY 1 LIMIT 1)
      UNION ALL
      SELECT (
        SELECT \(Self.action) FROM paas_audit_events WHERE \(Self.action) > actions.action ORDER BY 1 LIMIT 1)
      FROM actions WHERE starts_with(actions.action, \(beginning))
    ), newest AS (
      SELECT found.id FROM actions CROSS JOIN LATERAL (
        SELECT id FROM paas_audit_events
        WHERE \((["\(Self.action) = actions.action"] + conditions).joined(separator: " AND "))
        ORDER BY \(Self.newestOfFilter) \(count)
      ) found
      WHERE starts_with(actions.action, \(beginning)) ORDER BY found.id DESC \(count)
    )
    SELECT \(Self.columns) FROM (
      SELECT event.* FROM newest CROSS JOIN LATERAL (
        SELECT * FROM paas_audit_events e WHERE e.id = newest.id LIMIT 1
      ) event
    ) page ORDER BY id DESC
    """
  }
}
