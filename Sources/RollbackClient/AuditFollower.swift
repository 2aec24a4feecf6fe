internal import RollbackMessages

/// Makes one sequence of new audit events, oldest first, out of as many streams as it takes.
///
/// A following stream begins with what is there already, newest first, and ends that part with a page without cursor;
/// then come new events as they are written, oldest first. What is there already is asked for from shortly before the
/// newest event that was passed on, so that what was written while no stream was open is not lost; what is known is
/// dropped by its id.
struct AuditFollower: Sendable {
  enum FailureAction {
    /// Open another stream after a pause.
    case openAgain(after: Duration)
    case fail(RollbackError)
  }

  /// How many events may have been written while no stream was open. They are held in memory to be turned round.
  static let maximumGap = 20_000
  /// An event's time is that of its transaction's beginning, so one with a higher id may bear an earlier time.
  static let overlap = Duration.seconds(60)

  private let query: AuditQueryRequest
  private var recovery: StreamRecovery
  /// The newest event that was passed on, or that lay before the beginning.
  private var newestID: Int64 = 0
  private var newestTime: Timestamp?
  /// What came of the part that was there already, newest first; nil when that part is over.
  private var gap: [AuditEvent]?

  init(_ query: AuditQueryRequest, retry: RetryPolicy) {
    self.query = query
    recovery = StreamRecovery(retry)
  }

  /// An event that has been passed on, or need not be.
  mutating func passed(_ event: AuditEvent) {
    newestID = max(newestID, event.id)
    guard let time = event.createdAt else { return }
    newestTime = newestTime.map { max($0, time) } ?? time
  }

  /// What to open the next stream with.
  var request: AuditQueryRequest {
    var request = query
    request.cursor = ""
    request.limit = 0
    request.follow = true
    if let newestTime {
      let start = newestTime.earlier(by: Self.overlap)
      request.since = request.since.map { max($0, start) } ?? start
    }
    return request
  }

  /// A stream was opened with ``request``.
  mutating func opened() {
    recovery.opened()
    gap = []
  }

  /// A page came. Returns the new events, oldest first.
  mutating func received(_ page: AuditPage) throws(RollbackError) -> [AuditEvent] {
    recovery.received()
    var new = page.events.filter { $0.id > newestID }
    if let before = gap {
      guard before.count + new.count <= Self.maximumGap else {
        throw RollbackError(
          .resourceExhausted,
          "More than \(Self.maximumGap) audit events were written while rollbackd could not be reached. Query them.")
      }
      guard page.nextCursor.isEmpty else {
        gap = before + new
        return []
      }
      new = (before + new).reversed()
      gap = nil
    }
    for event in new { passed(event) }
    return new
  }

  /// The stream came to an end, or there is none.
  mutating func failed(_ failure: StreamFailure) -> FailureAction {
    switch recovery.failed(failure) {
    case .reopen(let delay): .openAgain(after: delay)
    case .giveUp, .giveUpTrying: .fail(failure.error)
    }
  }
}

extension Timestamp {
  fileprivate func earlier(by duration: Duration) -> Timestamp {
    Timestamp(seconds: seconds - duration.components.seconds, nanoseconds: nanoseconds)
  }
}
