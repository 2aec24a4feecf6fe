internal import RollbackMessages

/// Decides which refusals are written to the audit trail each, and which are counted and written as one row. Pure.
///
/// Every refused call is audited, but a caller in a loop must not fill the trail, which nobody can shorten. Refusals are
/// of one kind when caller, action, reason and app are the same. Of each kind the first ``Settings/burst`` of a minute
/// are written one by one; those that follow are counted, and when the minute is over one row says how many they were,
/// from when to when, and tells of the last. A kind that was counted goes on in spans of ten minutes, of which the first
/// is written at once and the others are counted, until a span passes in which nothing had to be counted.
///
/// A caller may invent apps, and with a user namespace users too: beyond ``Settings/kindsPerUser`` kinds of a user the
/// app is no longer told apart, beyond ``Settings/users`` the user is not. So a user adds at most some hundred rows in the first
/// minute of a flood and some rows a minute from then on.
struct RefusalLedger: Sendable {
  struct Settings: Sendable {
    var burst = 20
    var span = Duration.seconds(60)
    var longSpan = Duration.seconds(600)
    /// After so long a row that could not be written is tried again.
    var retryDelay = Duration.seconds(15)
    var kindsPerUser = 16
    var users = 64
  }

  enum Decision: Hashable, Sendable {
    /// Write it now.
    case write
    /// It is counted; a row comes later.
    case count
  }

  private struct Kind: Hashable {
    var userID: UInt32?
    var action: String
    var reason: String
    var app: String?
  }

  private struct Entry {
    var end: ContinuousClock.Instant
    var allowance: Int
    /// What the row to come tells of, with how many calls it stands for.
    var counted: AuditedRefusal?
    /// Whether there were too many of this kind, now or in the span before; what only could not be written is no flood.
    var isFlood = false

    mutating func add(_ refusal: AuditedRefusal, count: UInt64, first: Timestamp, last: Timestamp) {
      let before = counted?.repetition
      counted = refusal
      counted?.repetition = .init(
        count: (before?.count ?? 0) + count, first: before.map { min($0.first, first) } ?? first,
        last: before.map { max($0.last, last) } ?? last)
    }
  }

  private let settings: Settings
  private var entries: [Kind: Entry] = [:]

  init(_ settings: Settings = Settings()) { self.settings = settings }

  /// A call was refused.
  mutating func refused(
    _ refusal: AuditedRefusal, at now: ContinuousClock.Instant, wallClock: Timestamp
  ) -> Decision {
    let kind = kind(of: refusal, at: now)
    var entry = entries[kind] ?? Entry(end: now, allowance: settings.burst)
    if entry.end <= now, entry.counted == nil {
      entry = Entry(end: now.advanced(by: settings.span), allowance: settings.burst)
    }
    defer { entries[kind] = entry }
    guard entry.allowance > 0 else {
      entry.add(refusal, count: 1, first: wallClock, last: wallClock)
      entry.isFlood = true
      return .count
    }
    entry.allowance -= 1
    return .write
  }

  /// A row could not be written: what it stands for is counted, and tried again.
  mutating func notWritten(_ refusal: AuditedRefusal, at now: ContinuousClock.Instant, wallClock: Timestamp) {
    let kind = kind(of: refusal, at: now)
    var entry = entries[kind] ?? Entry(end: now, allowance: settings.burst)
    let repetition = refusal.repetition ?? .init(count: 1, first: wallClock, last: wallClock)
    entry.add(refusal, count: repetition.count, first: repetition.first, last: repetition.last)
    entry.end = now.advanced(by: settings.retryDelay)
    entries[kind] = entry
  }

  /// When ``due(at:)`` is to be asked next; nil when nothing waits to be written.
  var deadline: ContinuousClock.Instant? {
    entries.values.lazy.filter { $0.counted != nil }.map(\.end).min()
  }

  /// The rows whose time has come. Each is to be written, or given to ``notWritten(_:at:wallClock:)``.
  mutating func due(at now: ContinuousClock.Instant) -> [AuditedRefusal] {
    var rows: [AuditedRefusal] = []
    for (kind, entry) in entries where entry.end <= now {
      guard let counted = entry.counted else { continue }
      rows.append(counted)
      entries[kind] =
        entry.isFlood
        ? Entry(end: now.advanced(by: settings.longSpan), allowance: 1, isFlood: true)
        : Entry(end: now.advanced(by: settings.span), allowance: entry.allowance)
    }
    return rows
  }

  /// All that waits, whether or not its time has come; none waits any more.
  mutating func drain() -> [AuditedRefusal] {
    defer { entries = [:] }
    return entries.values.compactMap(\.counted)
  }

  /// The kind that a refusal is counted under, given how many there are.
  private mutating func kind(of refusal: AuditedRefusal, at now: ContinuousClock.Instant) -> Kind {
    var kind = Kind(
      userID: refusal.caller.userID, action: refusal.action, reason: refusal.error.reason.rawValue, app: refusal.app)
    if entries[kind] != nil { return kind }
    let isCrowded = isCrowded(kind)
    if isCrowded.kinds || isCrowded.users {
      // Those that are over make room.
      entries = entries.filter { $0.value.end > now || $0.value.counted != nil }
      let isCrowded = self.isCrowded(kind)
      if isCrowded.kinds { kind.app = nil }
      if isCrowded.users {
        kind.app = nil
        kind.userID = nil
      }
    }
    return kind
  }

  private func isCrowded(_ kind: Kind) -> (kinds: Bool, users: Bool) {
    let users = Set(entries.keys.map(\.userID))
    let kinds = entries.keys.lazy.filter { $0.userID == kind.userID }.count
    return (kinds >= settings.kindsPerUser, !users.contains(kind.userID) && users.count >= settings.users)
  }
}
